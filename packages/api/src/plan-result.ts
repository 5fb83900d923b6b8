import { z } from "zod";
import { pendingSchema } from "./status.ts";
import { wireBitsPerSecond, wireRevision } from "./wire-units.ts";

/** What admission found; an empty list means that the spec fits. */
export const findingSchema = z.object({
  code: z.string(),
  path: z.string().meta({ description: "place in the spec" }),
  message: z.string(),
  found: z.string().exactOptional(),
  allowed: z.string().exactOptional(),
  hint: z.string().exactOptional(),
});
export type FindingView = z.infer<typeof findingSchema>;

/** One typed change, as data (byte strings in base64) and as a line of text. */
export const stepViewSchema = z.object({
  kind: z.enum(["set", "clear"]),
  facet: z.string(),
  key: z.string(),
  value: z.unknown().optional(),
  before: z.unknown().optional(),
  text: z.string(),
});
export type StepView = z.infer<typeof stepViewSchema>;

/** What the loss of one NIC means for those who have a slice on it. */
export const nicLossSchema = z.object({
  nic: z.string(),
  degraded: z.array(z.string()).meta({ description: "vifs that go on with their other slices" }),
  cutOff: z.array(z.string()).meta({ description: "vifs without another slice, or with onNicLoss: stop" }),
  broken: z
    .array(
      z.object({
        vif: z.string(),
        direction: z.enum(["egress", "ingress"]),
        promisedBitsPerSecond: wireBitsPerSecond.meta({ description: "reserved over all slices" }),
        keptBitsPerSecond: wireBitsPerSecond.meta({ description: "what is left of it" }),
      }),
    )
    .meta({ description: "promises that do not hold without the NIC" }),
});

export type NicLossView = z.infer<typeof nicLossSchema>;

/** A reservation that is to be lower. */
export const reserveChangeSchema = z.object({
  path: z.string().meta({ description: "place in the spec" }),
  fromBitsPerSecond: wireBitsPerSecond,
  toBitsPerSecond: wireBitsPerSecond,
});

export type ReserveChangeView = z.infer<typeof reserveChangeSchema>;

/** What applying a spec now would do. */
export const planResultSchema = z.object({
  fits: z.boolean(),
  verdict: z.enum(["fits", "fits-unless-lost", "does-not-fit"]).meta({
    description: "fits-unless-lost: every promise is kept, but the loss of a NIC would break some",
  }),
  findings: z.array(findingSchema),
  withoutNic: z.array(nicLossSchema).meta({ description: "who would feel the loss of each NIC" }),
  nearest: z.array(reserveChangeSchema).meta({
    description:
      "the nearest spec that fits: the largest of the reservations that collide, lowered as little as can be",
  }),
  steps: z.array(stepViewSchema).meta({ description: "in the order of execution; empty when it does not fit" }),
  pending: z.array(pendingSchema),
  revision: wireRevision.meta({ description: "the revision that the plan starts from" }),
});
export type PlanResult = z.infer<typeof planResultSchema>;

/** A spec that parses, is supported and fits. */
export const checkResultSchema = z.object({
  nics: z.int(),
  guests: z.int(),
  slices: z.int(),
  unknownLinks: z.array(pendingSchema).meta({ description: "links that do not exist now: they would be pending" }),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

import { z } from "zod";
import { pendingSchema } from "./status.ts";
import { wireRevision } from "./wire-units.ts";

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

/** What applying a spec now would do. */
export const planResultSchema = z.object({
  fits: z.boolean(),
  findings: z.array(findingSchema),
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

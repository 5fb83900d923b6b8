import { z } from "zod";
import { deliveryRowSchema } from "./delivery.ts";
import { domainViewSchema } from "./domain-view.ts";
import { guestViewSchema } from "./guest-view.ts";
import { nicViewSchema } from "./nic-view.ts";
import { wirePackets, wireRevision, wireTime } from "./wire-units.ts";

/** A part of the spec that waits for its link; it is picked up when that appears. */
export const pendingSchema = z.object({
  kind: z.enum(["nic", "vif"]),
  name: z.string(),
  reason: z.string(),
});
export type Pending = z.infer<typeof pendingSchema>;

/** docs/ARCHITECTURE.md, "Daemon". `idle`: no spec is known; what the kernel holds is left alone. */
export const controllerStateSchema = z.enum(["starting", "adopting", "idle", "converging", "converged", "retrying"]);
export type ControllerState = z.infer<typeof controllerStateSchema>;

/** The whole state of a host at one moment. */
export const statusSchema = z.object({
  converged: z.boolean().meta({ description: "the kernel holds what the revision asks for, pending parts apart" }),
  state: controllerStateSchema,
  revision: wireRevision,
  version: z.string(),
  pid: z.int(),
  startedAt: wireTime,
  pending: z.array(pendingSchema),
  lastError: z
    .object({ code: z.string(), message: z.string(), at: wireTime })
    .nullable()
    .meta({ description: "the last failure since the controller converged; null when there is none" }),
  nics: z.array(nicViewSchema),
  guests: z.array(guestViewSchema),
  domains: z.array(domainViewSchema),
  short: z.array(deliveryRowSchema).meta({ description: "promises that are not kept at the moment" }),
  verdicts: z
    .record(z.string(), wirePackets)
    .meta({ description: "packets by the reason for which they left a program" }),
});
export type Status = z.infer<typeof statusSchema>;

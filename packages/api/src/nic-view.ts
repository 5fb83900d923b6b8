import { z } from "zod";
import { wireBitsPerSecond, wireBytes, wirePackets, wireTime } from "./wire-units.ts";

/** `pending`: its link does not exist (yet); `suspect`: short of proof; `returning`: waits out the failback time. */
export const nicStateSchema = z.enum(["up", "suspect", "down", "draining", "returning", "pending"]);

/** A NIC of the spec as it fares. */
export const nicViewSchema = z.object({
  name: z.string(),
  domain: z.string(),
  fabric: z.string(),
  state: nicStateSchema,
  reason: z.string().exactOptional().meta({ description: "why it is not up" }),
  since: wireTime.exactOptional().meta({ description: "when it came into this state" }),
  capacityBitsPerSecond: wireBitsPerSecond,
  reservedBitsPerSecond: wireBitsPerSecond.meta({ description: "sum of the reservations of its slices" }),
  txBytes: wireBytes,
  rxBytes: wireBytes,
  drops: wirePackets.meta({ description: "packets that its classes dropped" }),
});
export type NicView = z.infer<typeof nicViewSchema>;

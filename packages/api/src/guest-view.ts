import { z } from "zod";
import { deliveryViewSchema, directionSchema } from "./delivery.ts";
import { wireBitsPerSecond, wireBytes, wirePackets } from "./wire-units.ts";

/** `down`: its NIC is dead or drained; `pending`: its NIC or vif does not exist (yet). */
export const sliceStateSchema = z.enum(["active", "down", "pending"]);
/** `degraded`: at least one slice is not active; `stopped`: onNicLoss stop took effect. */
export const guestStateSchema = z.enum(["active", "degraded", "pending", "stopped"]);

/** What one guest is promised on one NIC in one direction, and what passed. */
export const sliceViewSchema = z.object({
  guest: z.string(),
  vif: z.string(),
  nic: z.string(),
  direction: directionSchema,
  state: sliceStateSchema,
  path: z
    .enum(["sriov", "macvtap"])
    .exactOptional()
    .meta({ description: "the guest's own device on the NIC; absent: through GONA's packet path" }),
  vf: z.int().exactOptional().meta({ description: "number of the virtual function, with path sriov" }),
  reserveBitsPerSecond: wireBitsPerSecond,
  limitBitsPerSecond: wireBitsPerSecond,
  shares: z.int(),
  bucketShare: z.number().min(0).max(1).meta({ description: "part of the vif's buckets that point to this slice" }),
  mac: z.string().exactOptional().meta({ description: "source MAC on this NIC" }),
  txBytes: wireBytes.meta({ description: "guest to wire, since the counters began" }),
  rxBytes: wireBytes.meta({ description: "wire to guest" }),
  txPackets: wirePackets,
  rxPackets: wirePackets,
  drops: wirePackets.meta({
    description: "dropped by its class's queue or by active queue management, and for want of a living slice",
  }),
  ceMarks: wirePackets.meta({ description: "marked congestion experienced by active queue management" }),
  failovers: wirePackets.meta({ description: "packets that left by another slice because this NIC was dead" }),
  delivery: deliveryViewSchema
    .exactOptional()
    .meta({ description: "promise against delivery at the last look; absent: nothing happened" }),
});
export type SliceView = z.infer<typeof sliceViewSchema>;

export const vifViewSchema = z.object({
  id: z.string(),
  device: z.string().meta({ description: "the hub's link; empty for a virtual function" }),
  mac: z.string(),
  addresses: z.array(z.string()),
  vlan: z.int(),
  state: guestStateSchema,
  reason: z.string().exactOptional(),
});
export type VifView = z.infer<typeof vifViewSchema>;

/** A guest of the spec as it fares. */
export const guestViewSchema = z.object({
  name: z.string(),
  state: guestStateSchema,
  reason: z.string().exactOptional().meta({ description: "why it is not active" }),
  vifs: z.array(vifViewSchema),
  slices: z.array(sliceViewSchema),
});
export type GuestView = z.infer<typeof guestViewSchema>;

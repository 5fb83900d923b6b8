import { z } from "zod";
import { wireBitsPerSecond, wireBytes, wirePackets, wireTime } from "./wire-units.ts";

/** `pending`: its link does not exist (yet); `suspect`: short of proof; `returning`: waits out the failback time. */
export const nicStateSchema = z.enum(["up", "suspect", "down", "draining", "returning", "pending"]);

const lacpFlags = z.string().meta({ description: "ATGSCDFE as in IEEE 802.1AX, a minus for each bit that is 0" });

/** The LACP port of a NIC whose fabric negotiates its bundle. */
export const lacpViewSchema = z.object({
  rate: z.enum(["fast", "slow"]),
  state: z
    .enum(["detached", "waiting", "attached", "collecting", "distributing"])
    .meta({ description: "of the mux machine; guests' frames leave while distributing" }),
  reception: z.enum(["disabled", "expired", "defaulted", "current"]),
  since: wireTime.meta({ description: "when it came into this state" }),
  why: z.string(),
  problem: z
    .enum(["no-partner", "other-partner", "loop", "refused"])
    .exactOptional()
    .meta({ description: "something that an operator should mend" }),
  system: z.string(),
  key: z.int(),
  port: z.int(),
  flags: lacpFlags,
  partner: z
    .object({ system: z.string(), key: z.int(), port: z.int(), flags: lacpFlags })
    .exactOptional()
    .meta({ description: "as last heard; absent: nobody was heard" }),
});
export type LacpView = z.infer<typeof lacpViewSchema>;

/** What is known of the path behind a NIC whose fabric is probed. */
export const probeViewSchema = z.object({
  state: z.enum(["alive", "suspect", "dead"]),
  why: z.string(),
  heard: wireTime.exactOptional().meta({ description: "when a probe of another NIC last came in by it" }),
  answered: wireTime
    .exactOptional()
    .meta({ description: "when a machine on the wire last answered by it; asked only when probes are lost" }),
});
export type ProbeView = z.infer<typeof probeViewSchema>;

const nicFaultSchema = z.object({
  fault: z.enum(["carrier", "bundle", "probe", "stall"]),
  why: z.string(),
  since: wireTime,
});

/** A NIC of the spec as it fares. */
export const nicViewSchema = z.object({
  name: z.string(),
  domain: z.string(),
  fabric: z.string(),
  state: nicStateSchema,
  reason: z.string().exactOptional().meta({ description: "why it is not up, or what is wrong although it is" }),
  since: wireTime.exactOptional().meta({ description: "when it came into this state" }),
  faults: z.array(nicFaultSchema).meta({ description: "all that holds it down, the oldest first" }),
  capacityBitsPerSecond: wireBitsPerSecond,
  reservedBitsPerSecond: wireBitsPerSecond.meta({ description: "sum of the reservations of its slices" }),
  txBytes: wireBytes,
  rxBytes: wireBytes,
  drops: wirePackets.meta({ description: "packets that its classes dropped" }),
  lacp: lacpViewSchema.exactOptional(),
  probe: probeViewSchema.exactOptional(),
});
export type NicView = z.infer<typeof nicViewSchema>;

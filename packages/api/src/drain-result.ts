import { z } from "zod";
import { wireMilliseconds } from "./wire-units.ts";

/** A NIC that was taken out of use, or given back. */
export const drainResultSchema = z.object({
  nic: z.string(),
  drained: z.boolean(),
  stayed: z.array(z.string()).meta({ description: "vifs that go on using it, for they have no other NIC that lives" }),
  waitingBytes: z.int().min(0).meta({ description: "what still waited in its queues after a second; 0: empty" }),
  durationMs: wireMilliseconds,
});
export type DrainResult = z.infer<typeof drainResultSchema>;

export const drainRequestSchema = z.strictObject({ nic: z.string().min(1).max(15) });

import { z } from "zod";
import { wireTime } from "./wire-units.ts";

export const directionSchema = z.enum(["egress", "ingress"]);

const measuredBitsPerSecond = z.number().min(0).meta({ description: "bits per second, mean over `seconds`" });

/**
 * Why a slice carried what it did: `guest`, less was sent than it may carry; `bursts`, faster than it
 * may carry, but not all the time; `limit`; `saturated`, the NIC is full and others have their part;
 * `cap`, the limit over all NICs holds it; `nic-lost`; `behind`, it waited with room on the NIC and
 * below its limit: a slower wire, or too busy a machine.
 */
export const deliveryReasonSchema = z.object({
  kind: z.enum(["guest", "bursts", "limit", "saturated", "cap", "nic-lost", "behind"]),
  text: z.string().meta({ description: "the same in words" }),
  nics: z.array(z.string()).exactOptional().meta({ description: "the lost NICs" }),
});

const measured = {
  at: wireTime.meta({ description: "when it was measured; with a step: where the step begins" }),
  seconds: z.number().min(0).meta({ description: "over how long; with a step: how much of it was seen" }),
  offeredBitsPerSecond: measuredBitsPerSecond.meta({ description: "delivered, dropped, and added to the queue" }),
  deliveredBitsPerSecond: measuredBitsPerSecond,
  promisedBitsPerSecond: measuredBitsPerSecond.meta({
    description: "what was due: the less of what was offered and the slice's part by reservation, limit and shares",
  }),
  errorPercent: z.number().nullable().meta({ description: "(delivered - promised) / promised; null: nothing was due" }),
  short: z.boolean().meta({ description: "less than promised, and not by the sender's own doing" }),
  shortSeconds: z.number().min(0).meta({ description: "how much of `seconds`" }),
  reason: deliveryReasonSchema,
};

/** Promise against delivery of a slice, as part of its view. */
export const deliveryViewSchema = z.object(measured);
export type DeliveryView = z.infer<typeof deliveryViewSchema>;

/** Promise against delivery of one slice in one direction. Slices in which nothing happened have none. */
export const deliveryRowSchema = z.object({
  guest: z.string(),
  vif: z.string(),
  nic: z.string(),
  direction: directionSchema,
  ...measured,
});
export type DeliveryRow = z.infer<typeof deliveryRowSchema>;

/** The query of the route. */
export const deliveryQuerySchema = z.object({
  guest: z.string().min(1).exactOptional().meta({ description: "a guest, or a vif's id" }),
  nic: z.string().min(1).exactOptional(),
  since: wireTime.exactOptional().meta({ description: "from then on; without it the last second alone" }),
  step: z.coerce.number().int().min(1).max(86_400).exactOptional().meta({
    description: "seconds of one row: below 60 of the last two minutes, else a multiple of 60 of the last week",
  }),
  follow: z.enum(["0", "1"]).default("0").meta({ description: "1: each second from now on, as server-sent events" }),
});
export type DeliveryQuery = z.output<typeof deliveryQuerySchema>;

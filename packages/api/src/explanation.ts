import { z } from "zod";

/** Why a guest's traffic (or one flow of it) takes the NIC that it takes. */
export const explanationSchema = z.object({
  guest: z.string(),
  vif: z.string(),
  macStrategy: z.enum(["own", "per-slice"]),
  slices: z.array(
    z.object({
      slice: z.int(),
      nic: z.string(),
      classid: z.string().meta({ description: "HTB class on that NIC, as tc prints it" }),
      nicState: z.string(),
      buckets: z.int().meta({ description: "of 1024" }),
      mac: z.string(),
    }),
  ),
  flow: z
    .object({
      text: z.string(),
      bucket: z.int(),
      slice: z.int().exactOptional().meta({ description: "that it takes now; absent: its packets are dropped" }),
      nic: z.string().exactOptional(),
      classid: z.string().exactOptional(),
      chosenNic: z.string().exactOptional().meta({ description: "where its bucket points, dead or alive" }),
      since: z
        .string()
        .exactOptional()
        .meta({ description: "that it leaves by the slice; of a flow that is remembered" }),
      moves: z.int().exactOptional().meta({ description: "times that it changed its slice since it is known" }),
      bucketMoves: z
        .array(z.object({ at: z.string(), from: z.string(), to: z.string(), cause: z.string() }))
        .exactOptional()
        .meta({ description: "the balancer's last, oldest first" }),
    })
    .exactOptional(),
  why: z.array(z.string()).meta({ description: "sentences, the decisive one first" }),
});
export type Explanation = z.infer<typeof explanationSchema>;

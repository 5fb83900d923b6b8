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
      slice: z.int(),
      nic: z.string(),
      classid: z.string(),
      alternative: z
        .string()
        .exactOptional()
        .meta({ description: "where it goes while the bucket's own slice is dead" }),
    })
    .exactOptional(),
  why: z.array(z.string()).meta({ description: "sentences, the decisive one first" }),
});
export type Explanation = z.infer<typeof explanationSchema>;

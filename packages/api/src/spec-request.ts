import { z } from "zod";

/** A spec as text, with the name that errors are to call its file. */
export const specRequestSchema = z.strictObject({
  text: z.string(),
  file: z.string().min(1).max(4096).default("<request>"),
});
export type SpecRequest = z.input<typeof specRequestSchema>;

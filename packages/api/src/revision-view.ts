import { z } from "zod";
import { wireRevision, wireTime } from "./wire-units.ts";

/** One revision of the spec as the store has it. */
export const revisionViewSchema = z.object({
  revision: wireRevision,
  at: wireTime.meta({ description: "when it was asked for" }),
  state: z.enum(["pending", "committed", "rolled-back"]),
  current: z.boolean(),
  file: z.string(),
  sha256: z.string(),
  nics: z.int(),
  guests: z.int(),
  error: z.string().exactOptional().meta({ description: "why it was rolled back" }),
});
export type RevisionView = z.infer<typeof revisionViewSchema>;

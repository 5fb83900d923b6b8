import { z } from "zod";
import { pendingSchema } from "./status.ts";
import { wireMilliseconds, wireRevision } from "./wire-units.ts";

/** The outcome of apply, rollback and teardown; a failure is an error (APPLY_ROLLED_BACK), never this. */
export const applyResultSchema = z.object({
  revision: wireRevision,
  changed: z.boolean().meta({ description: "false: the text was that of the present revision" }),
  steps: z.int().min(0).meta({ description: "changes made in the kernel" }),
  durationMs: wireMilliseconds,
  timing: z
    .object({
      readMs: wireMilliseconds.meta({ description: "reading and checking the spec's text" }),
      decideMs: wireMilliseconds.meta({ description: "desired state and plan" }),
      executeMs: wireMilliseconds.meta({ description: "changing the kernel" }),
      storeMs: wireMilliseconds.meta({ description: "writing the revision to disk" }),
    })
    .exactOptional()
    .meta({ description: "what durationMs went into; absent where the text was not new" }),
  pending: z.array(pendingSchema),
});
export type ApplyResult = z.infer<typeof applyResultSchema>;

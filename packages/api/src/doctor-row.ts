import { z } from "zod";

/** One thing that GONA needs or profits from, as `gona doctor` finds it. */
export const doctorRowSchema = z.object({
  check: z.string().meta({ description: "a stable word, as in kernel-version" }),
  state: z.enum(["ok", "missing", "advice", "untried"]).meta({
    description:
      "missing: GONA cannot work without it; advice: it works, and could do better; untried: for want of something else",
  }),
  found: z.string().meta({ description: "in a few words" }),
  remedy: z.string().exactOptional().meta({ description: "what to do" }),
});
export type DoctorRow = z.infer<typeof doctorRowSchema>;

/** `gona doctor --json`. */
export const doctorReportSchema = z.object({
  ok: z.boolean().meta({ description: "nothing is missing" }),
  checks: z.array(doctorRowSchema),
});

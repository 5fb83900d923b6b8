import { z } from "zod";

/** A driver domain. `host` is the hub itself and never restarts. */
export const domainViewSchema = z.object({
  name: z.string(),
  isolation: z.enum(["host", "netns", "vm", "xen"]),
  state: z.enum(["up", "starting", "restarting", "failed"]),
  restarts: z.int().min(0),
});
export type DomainView = z.infer<typeof domainViewSchema>;

import { z } from "zod";
import { wireMilliseconds, wireTime } from "./wire-units.ts";

/** How a driver domain fares; docs/ARCHITECTURE.md, "Driver domains". */
export const domainStateSchema = z.enum(["absent", "starting", "up", "restarting", "failed", "stopping"]);

/** A driver domain. `host` is the hub itself and never restarts. */
export const domainViewSchema = z.object({
  name: z.string(),
  isolation: z.enum(["host", "netns", "vm", "xen"]),
  state: domainStateSchema,
  restarts: z.int().min(0).meta({ description: "since the daemon started" }),
  pid: z.int().nullable().meta({ description: "of its agent or virtual machine; null while there is none" }),
  since: wireTime.meta({ description: "when the state began" }),
  cause: z.string().nullable().meta({ description: "why it was lost or restarted last; null when it never was" }),
  spare: z.enum(["starting", "ready"]).nullable().meta({
    description: "of a virtual machine with `spare: true`, whether it stands by; null where there is to be none",
  }),
  nics: z.array(z.string()),
});
export type DomainView = z.infer<typeof domainViewSchema>;

export const domainRestartRequestSchema = z.strictObject({ domain: z.string().min(1).max(31) });

/** A domain that is up again on the operator's word. */
export const domainRestartResultSchema = z.object({
  domain: domainViewSchema,
  durationMs: wireMilliseconds.meta({ description: "until it worked again" }),
});
export type DomainRestartResult = z.infer<typeof domainRestartResultSchema>;

/** Longest script: it goes over the machine's serial port. */
const MOST_SCRIPT_CHARACTERS = 8192;

export const domainExecRequestSchema = z.strictObject({
  domain: z.string().min(1).max(31),
  script: z.string().min(1).max(MOST_SCRIPT_CHARACTERS).meta({ description: "for the machine's shell" }),
});

/** What a script in a driver domain's virtual machine came to. */
export const domainExecResultSchema = z.object({
  code: z.int().min(0).meta({ description: "its exit code" }),
  output: z.string().meta({ description: "what it wrote to its standard output and error" }),
});
export type DomainExecResult = z.infer<typeof domainExecResultSchema>;

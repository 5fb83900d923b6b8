import { z } from "zod";
import { wireRevision, wireTime } from "./wire-units.ts";

export const hostEventKinds = [
  "daemon-started",
  "daemon-stopped",
  "adopted",
  "applied",
  "apply-failed",
  "rolled-back",
  "torn-down",
  "reconciled",
  "reconcile-failed",
  "nic-down",
  "nic-suspect",
  "nic-returning",
  "nic-draining",
  "nic-up",
  "lacp-bundled",
  "lacp-problem",
  "announced",
  "balanced",
  "steered",
  "link-appeared",
  "link-vanished",
  "back-pressure",
  "nic-moved",
  "domain-up",
  "domain-lost",
  "domain-restarted",
  "domain-failed",
  "domain-mended",
  "domain-stopped",
  "offload-refused",
  "history-failed",
] as const;

/** Something that happened to the host, with its cause; `id` grows. */
export const hostEventSchema = z.object({
  id: z.int().min(1),
  at: wireTime,
  kind: z.enum(hostEventKinds),
  subject: z.string().exactOptional().meta({ description: "NIC, vif or guest that it is about" }),
  message: z.string(),
  cause: z.string().exactOptional(),
  revision: wireRevision.exactOptional(),
});
export type HostEvent = z.infer<typeof hostEventSchema>;
export type HostEventKind = HostEvent["kind"];

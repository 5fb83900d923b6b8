import { join } from "node:path";

export * from "./connect.ts";
export * from "./protocol.ts";

/** What Node is started with; `agent-main.ts` says which words it takes. */
export const AGENT_MAIN = join(import.meta.dirname, "agent-main.ts");
/** All that an agent may do, as setpriv(1) names it. */
export const AGENT_CAPABILITIES = ["net_admin", "bpf", "perfmon"] as const;

import { type LacpBundle, type LacpPort, timeoutMs } from "./lacp-port.ts";
import type { LacpParty } from "./lacpdu.ts";

/** What a port must remember so that another daemon can go on where this one stopped. Plain data. */
export interface LacpMemory {
  readonly system: string;
  readonly number: number;
  /** INDIVIDUAL or the partner's group; only ports that are distributing are remembered. */
  readonly group: string;
  /** Absent: it goes by itself. */
  readonly partner?: LacpParty;
}

/** Undefined for a port that carries nothing: it starts anew. */
export function lacpMemory({ system }: LacpBundle, port: LacpPort): LacpMemory | undefined {
  const { number, group, partner, mux } = port;
  if (mux !== "distributing" || group === undefined) return undefined;
  return { system, number, group, ...(partner && { partner }) };
}

/** Whether the partner would take this port for the one that it knows. */
export const isResumable = (bundle: Pick<LacpBundle, "system">, number: number, memory: LacpMemory): boolean =>
  memory.system === bundle.system && memory.number === number;

/**
 * A port that a daemon before this one left distributing, and that still is: nothing it says to its partner
 * changes. From here on the partner has the usual time to be heard.
 */
export function resumedPort(bundle: LacpBundle, port: LacpPort, memory: LacpMemory, nowMs: number): LacpPort {
  if (!isResumable(bundle, port.number, memory)) return port;
  const { group, partner } = memory;
  return {
    ...port,
    enabled: true,
    ...(partner === undefined
      ? { reception: "defaulted" }
      : { reception: "current", partner, expiresAtMs: nowMs + timeoutMs(bundle.rate) }),
    group,
    mux: "distributing",
    needToTransmit: true,
  };
}

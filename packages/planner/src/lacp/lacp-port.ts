import type { FabricId, LacpRate, NicId } from "@gona/model";
import { stableHash } from "../stable-hash.ts";
import { LacpFlag, type LacpParty } from "./lacpdu.ts";

/**
 * The receive machine. INITIALIZE is newLacpPort(), and LACP_DISABLED a port without an actor (`lacp: off`).
 *
 * disabled: no carrier. expired: nothing was heard for the timeout, or not yet; asks for an answer for 3 s.
 * defaulted: there is no LACP partner. current: the partner's word is fresh.
 */
export type LacpReception = "disabled" | "expired" | "defaulted" | "current";

/**
 * The mux machine, with independent control: detached, waiting (2 s, so that ports which come together are
 * bundled together), attached (in sync, and told so), collecting, distributing.
 */
export type LacpMux = "detached" | "waiting" | "attached" | "collecting" | "distributing";

/** A NIC's end of a link; plain data. Times are on the caller's monotonic clock, in milliseconds. */
export interface LacpPort {
  readonly nic: NicId;
  /** 1 to 65535. */
  readonly number: number;
  /** Has carrier. */
  readonly enabled: boolean;
  /** Keeps out of the bundle on somebody's word. */
  readonly standby: boolean;
  readonly reception: LacpReception;
  /** As last heard. Its SYNC bit is set only where it agrees about this port; absent: none was heard. */
  readonly partner?: LacpParty;
  /** When `reception` changes unless a PDU comes. */
  readonly expiresAtMs?: number;
  /** The aggregator that it is of: lacpGroup() of the partner, INDIVIDUAL, or none. */
  readonly group?: string;
  readonly mux: LacpMux;
  readonly waitUntilMs?: number;
  /** There is news for the partner. */
  readonly needToTransmit: boolean;
  /** The next PDU without news; absent: the periodic machine is off. */
  readonly periodicAtMs?: number;
  readonly periodicMs?: number;
  /** The last PDUs, at most three. */
  readonly sentAtMs: readonly number[];
}

/** The ports of one fabric: one system, one key. */
export interface LacpBundle {
  readonly system: string;
  readonly systemPriority: number;
  readonly key: number;
  /** What the partner is asked for. */
  readonly rate: LacpRate;
  /** The aggregator in use. */
  readonly group?: string;
  readonly ports: ReadonlyMap<NicId, LacpPort>;
}

/** The default of the standard, for systems and ports alike. */
export const LACP_PRIORITY = 32768;
export const FAST_PERIOD_MS = 1000;
export const SLOW_PERIOD_MS = 30_000;
export const SHORT_TIMEOUT_MS = 3 * FAST_PERIOD_MS;
export const LONG_TIMEOUT_MS = 3 * SLOW_PERIOD_MS;
export const AGGREGATE_WAIT_MS = 2000;
/** Of PDUs within FAST_PERIOD_MS. */
export const MOST_PDUS = 3;
/** The group of a port that is used by itself, as no port of its bundle has a LACP partner. */
export const INDIVIDUAL = "individual";

/** Of a partner that says nothing, how long until it is given up. */
export const timeoutMs = (rate: LacpRate): number => (rate === "fast" ? SHORT_TIMEOUT_MS : LONG_TIMEOUT_MS);

/** A port of which nothing is known yet, without carrier. */
export const newLacpPort = (nic: NicId, number: number): LacpPort => ({
  nic,
  number,
  enabled: false,
  standby: false,
  reception: "disabled",
  mux: "detached",
  needToTransmit: false,
  sentAtMs: [],
});

/** What this port says of itself. */
export const actorOf = (bundle: LacpBundle, port: LacpPort): LacpParty => ({
  systemPriority: bundle.systemPriority,
  system: bundle.system,
  key: bundle.key,
  portPriority: LACP_PRIORITY,
  port: port.number,
  state:
    LacpFlag.ACTIVITY |
    LacpFlag.AGGREGATION |
    (bundle.rate === "fast" ? LacpFlag.TIMEOUT : 0) |
    (isInSync(port) ? LacpFlag.SYNC : 0) |
    (isCollecting(port) ? LacpFlag.COLLECTING : 0) |
    (port.mux === "distributing" ? LacpFlag.DISTRIBUTING : 0) |
    (port.reception === "defaulted" ? LacpFlag.DEFAULTED : 0) |
    (port.reception === "expired" ? LacpFlag.EXPIRED : 0),
});

const isInSync = ({ mux }: LacpPort): boolean => mux !== "detached" && mux !== "waiting";
const isCollecting = ({ mux }: LacpPort): boolean => mux === "collecting" || mux === "distributing";

/** Ports of one group may be bundled: they lead to one system and key. A partner that bundles nothing is alone. */
export function lacpGroup({ systemPriority, system, key, port, state }: LacpParty): string {
  const hex = (value: number) => value.toString(16).padStart(4, "0");
  const alone = state & LacpFlag.AGGREGATION ? "" : ` ${hex(port)}`;
  return `${hex(systemPriority)} ${system} ${hex(key)}${alone}`;
}

/** The key of a fabric's ports, 1 to 65535: the same on every start. */
export const lacpKey = (fabric: FabricId): number => 1 + (Number.parseInt(stableHash(fabric), 16) % 0xffff);

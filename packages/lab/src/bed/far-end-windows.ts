import { type FlowCount, flowKey } from "./far-end-records.ts";

/** The layout of bpf/lab_counter.bpf.c: struct lab_windows. */

export type FlowName = Pick<FlowCount, "port" | "direction" | "vlan" | "address">;

/** Bytes by window of time, as they passed the port. */
export interface Windows {
  /** CLOCK_MONOTONIC at which the first window begins, nanoseconds. */
  readonly baseNs: bigint;
  readonly windowNs: bigint;
  /** L2 bytes of each window that is over, in order; at most WINDOWS of them. */
  readonly bytes: readonly number[];
}

const WINDOWS = 4096;
const HEADER_BYTES = 16;
const VALUE_BYTES = 8 * (WINDOWS + 3);

export function encodeWindows(flow: FlowName, baseNs: bigint, windowNs: bigint) {
  const value = new Uint8Array(VALUE_BYTES);
  const view = new DataView(value.buffer);
  view.setBigUint64(0, baseNs, true);
  view.setBigUint64(8, windowNs, true);
  return { key: flowKey(flow), value };
}

/** `nowNs`: CLOCK_MONOTONIC of the reading; the window it falls in is left out. */
export function decodeWindows(value: Uint8Array, nowNs: bigint): Windows {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const [baseNs, windowNs] = [view.getBigUint64(0, true), view.getBigUint64(8, true)];
  const over = Math.min(WINDOWS, Math.max(0, Number((nowNs - baseNs) / windowNs)));
  const bytes = Array.from({ length: over }, (_, index) => Number(view.getBigUint64(HEADER_BYTES + index * 8, true)));
  return { baseNs, windowNs, bytes };
}

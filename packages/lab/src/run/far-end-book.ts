import { type BitsPerSecond, bitsPerSecond, type GuestId, type HostSpec, type NicId, nicId } from "@gona/model";
import { portOf } from "../bed/bed-plan.ts";
import { addressHex, type FlowCount } from "../bed/far-end-records.ts";
import type { LabBed } from "../bed/lab-bed.ts";
import type { SliceName } from "../scenario/scenario.ts";

/** What one reading of the switches' counters says about one slice. */
interface Reading {
  /** Milliseconds since 1970, to go with the probes' windows. */
  readonly atMs: number;
  /** CLOCK_MONOTONIC of the reading, nanoseconds. */
  readonly readNs: bigint;
  readonly bytes: bigint;
  /** CLOCK_MONOTONIC of the last packet counted. */
  readonly lastNs: bigint;
}

/** A packet older than this when it was read: the slice is idle, so the reading's own time counts. */
const IDLE_NS = 60_000_000n;
const ZERO: Pick<Reading, "bytes" | "lastNs"> = { bytes: 0n, lastNs: 0n };

/** In the place of a NIC: what comes in there was counted behind it. */
const OWN_LINKS = nicId("guest");

export type Direction = "egress" | "ingress";

/**
 * Readings of the far-end counters over a run, by slice and direction. Rates come from the counters'
 * own times of the last packet: exact also when this process read late.
 */
export class FarEndBook {
  readonly #bed: LabBed;
  readonly #readings = new Map<string, Reading[]>();

  constructor(bed: LabBed) {
    this.#bed = bed;
  }

  /** Reads all counters and notes each slice of `host`. */
  sample(host: HostSpec): void {
    const atMs = Date.now();
    const readNs = process.hrtime.bigint();
    const flows = this.#bed.farEnd.flows();
    const totals = totalsByKey(flows);
    for (const slice of slicesOf(host)) {
      for (const direction of ["egress", "ingress"] as const) {
        const found = slice.addresses
          .map((address) => totals.get(counterKey(this.#portOf(slice.nic), direction, address)) ?? ZERO)
          .reduce(
            (sum, item) => ({
              bytes: sum.bytes + item.bytes,
              lastNs: later(item.lastNs, sum.lastNs),
            }),
            ZERO,
          );
        this.#list(slice, direction).push({ atMs, readNs, ...found });
      }
    }
    for (const { name } of host.guests) {
      const links = new Set(this.#bed.station(name).links.map(({ ifindex }) => ifindex));
      const found = flows
        .filter(({ port, direction }) => links.has(port) && direction === "in")
        .reduce((sum, item) => ({ bytes: sum.bytes + item.bytes, lastNs: later(item.lastNs, sum.lastNs) }), ZERO);
      this.#list({ guest: name, nic: OWN_LINKS }, "ingress").push({ atMs, readNs, ...found });
    }
  }

  /** What a guest got at its own links, as far as they are counted (FarEnd.attachGuest). */
  arrived(guest: GuestId, fromMs: number, toMs: number): BitsPerSecond {
    return this.rate({ guest, nic: OWN_LINKS }, "ingress", fromMs, toMs);
  }

  /** Delivered between the first reading after `fromMs` and the last one before `toMs`; 0 without two of them. */
  rate(slice: SliceName, direction: Direction, fromMs: number, toMs: number): BitsPerSecond {
    const list = this.#list(slice, direction).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const [first, last] = [list[0], list.at(-1)];
    return first === undefined || last === undefined ? bitsPerSecond(0) : rateBetween(first, last);
  }

  /** Of the last `spanMs`. */
  recentRate(slice: SliceName, direction: Direction, spanMs: number): BitsPerSecond {
    const now = this.#list(slice, direction).at(-1)?.atMs ?? 0;
    return this.rate(slice, direction, now - spanMs, now);
  }

  /** Rate over each pair of readings that are at least `stepMs` apart, for a chart. */
  series(slice: SliceName, direction: Direction, stepMs: number): { readonly atMs: number; readonly rate: number }[] {
    const points: { atMs: number; rate: number }[] = [];
    let before: Reading | undefined;
    for (const reading of this.#list(slice, direction)) {
      if (before !== undefined && reading.atMs - before.atMs < stepMs) continue;
      if (before !== undefined) points.push({ atMs: reading.atMs, rate: rateBetween(before, reading) });
      before = reading;
    }
    return points;
  }

  #portOf(nic: NicId): number {
    return portOf(this.#bed.plan, nic).ifindex;
  }

  #list({ guest, nic }: SliceName, direction: Direction): Reading[] {
    const key = `${guest}@${nic} ${direction}`;
    const list = this.#readings.get(key) ?? [];
    if (list.length === 0) this.#readings.set(key, list);
    return list;
  }
}

function rateBetween(first: Reading, last: Reading): BitsPerSecond {
  const timeOf = (reading: Reading): bigint =>
    reading.readNs - reading.lastNs > IDLE_NS ? reading.readNs : reading.lastNs;
  const span = Number(timeOf(last) - timeOf(first));
  return span <= 0 ? bitsPerSecond(0) : bitsPerSecond((Number(last.bytes - first.bytes) * 8e9) / span);
}

/** Math.max knows no bigint. */
function later(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

const counterKey = (port: number, direction: Direction, address: string): string => `${port} ${direction} ${address}`;

/** VLANs of one port and address are added up: an address is one guest's. */
function totalsByKey(flows: readonly FlowCount[]): Map<string, Pick<Reading, "bytes" | "lastNs">> {
  const totals = new Map<string, Pick<Reading, "bytes" | "lastNs">>();
  for (const { port, direction, address, bytes, lastNs } of flows) {
    const key = counterKey(port, direction === "in" ? "egress" : "ingress", address);
    const sum = totals.get(key) ?? ZERO;
    totals.set(key, { bytes: sum.bytes + bytes, lastNs: later(lastNs, sum.lastNs) });
  }
  return totals;
}

/** Each (guest, NIC) of a spec with the addresses by which its traffic is known at the far end. */
export function slicesOf(host: HostSpec): (SliceName & { readonly addresses: readonly string[] })[] {
  return host.guests.flatMap((guest) =>
    guest.vifs.flatMap((vif) =>
      vif.aggregate.slices.map(({ nic }) => ({ guest: guest.name, nic, addresses: vif.addresses.map(addressHex) })),
    ),
  );
}

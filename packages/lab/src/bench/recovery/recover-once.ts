import { setTimeout as delay } from "node:timers/promises";
import type { DomainView } from "@gona/api";
import { GonaError, guestId } from "@gona/model";
import { portOf } from "../../bed/bed-plan.ts";
import { addressHex } from "../../bed/far-end-records.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import { quietMs } from "../../run/judge-probe.ts";
import type { Failure } from "./failures.ts";
import { type BenchGuest, DOMAIN, GUESTS, NIC, type RecoveryBed } from "./recovery-bed.ts";

/** What one failure cost. Times in milliseconds, without those in which a CPU of the machine stood still. */
export interface Recovery {
  /** Longest time without a datagram. */
  readonly gapMs: Readonly<Record<BenchGuest, number>>;
  readonly lost: Readonly<Record<BenchGuest, number>>;
  /** From the failure, or from when what it takes is there again, until both guests send by the domain's NIC. */
  readonly fullMs: number;
  /** As long until the daemon has a domain that works, and holds all that the spec asks for. */
  readonly wholeMs: number;
}

const WITHIN_MS = 60_000 * SLOWNESS;
const LOOK_MS = 5;
/** The receivers tell each 100 ms; what the failure cost is known after two times. */
const SETTLE_MS = 300;
/** A failure comes at any moment of what goes on by itself. */
const RANDOM_MS = 200;

/** Lets the domain fail under traffic, and waits until all is as before. Throws GonaError when that does not come. */
export async function recoverOnce(at: RecoveryBed, failure: Failure): Promise<Recovery> {
  await delay(SETTLE_MS + Math.random() * RANDOM_MS);
  const before = await domainOf(at);
  const totals = totalsOf(at);
  const fromMs = Date.now();
  const counted = await failure.strike(at);
  await counted.lossSeen?.(before);
  const began = packetsByNic(at);
  const whole = until(at, counted.sinceMs, async () => {
    const [domain, status] = [await domainOf(at), await at.daemon.client.status()];
    return (
      domain.state === "up" && status.converged && status.pending.length === 0 && (await failure.mended(at, before))
    );
  });
  const full = until(at, counted.sinceMs, async () => {
    const nics = await at.daemon.client.nics();
    const sent = packetsByNic(at);
    return nics.find(({ name }) => name === NIC)?.state === "up" && GUESTS.every((guest) => sent[guest] > began[guest]);
  });
  const [fullMs, wholeMs] = await Promise.all([full, whole]);
  await delay(SETTLE_MS);
  const after = totalsOf(at);
  return {
    fullMs,
    wholeMs,
    gapMs: { across: gapOf(at, "across", fromMs), inside: gapOf(at, "inside", fromMs) },
    lost: { across: after.across - totals.across, inside: after.inside - totals.inside },
  };
}

/** Milliseconds from `sinceMs` until `holds`. Requests fail while there is no daemon. */
async function until(at: RecoveryBed, sinceMs: number, holds: () => Promise<boolean>): Promise<number> {
  const untilMs = Date.now() + WITHIN_MS;
  while (Date.now() < untilMs) {
    const seen = await holds().catch((error: unknown) => {
      if (error instanceof GonaError && error.class.retry) return false;
      throw error;
    });
    if (seen) return Date.now() - sinceMs;
    await delay(LOOK_MS);
  }
  const states = JSON.stringify({ domains: await at.daemon.client.domains(), nics: await at.daemon.client.nics() });
  throw new GonaError("SCENARIO_FAILED", `the domain is not back after ${WITHIN_MS / 1000} s: ${states}`);
}

export async function domainOf({ daemon }: RecoveryBed): Promise<DomainView> {
  const find = async (): Promise<DomainView | undefined> =>
    (await daemon.client.domains()).find(({ name }) => name === DOMAIN);
  return waitUntil(`domain ${DOMAIN} is known`, find, { withinMs: WITHIN_MS });
}

/** What left each guest by the domain's NIC, counted at the switch. */
function packetsByNic({ bed }: RecoveryBed): Readonly<Record<BenchGuest, bigint>> {
  const port = portOf(bed.plan, NIC).ifindex;
  const flows = bed.farEnd.flows().filter((flow) => flow.port === port && flow.direction === "in");
  const bytesOf = (guest: BenchGuest): bigint => {
    const vifs = bed.scenario.spec.host.guests.find(({ name }) => name === guestId(guest))?.vifs ?? [];
    const own = new Set(vifs.flatMap(({ addresses }) => addresses.map(addressHex)));
    return flows.filter(({ address }) => own.has(address)).reduce((sum, { bytes }) => sum + bytes, 0n);
  };
  return { across: bytesOf("across"), inside: bytesOf("inside") };
}

const totalsOf = ({ traffic }: RecoveryBed): Record<BenchGuest, number> => ({
  across: traffic.across.record.sequence.at(-1)?.lost ?? 0,
  inside: traffic.inside.record.sequence.at(-1)?.lost ?? 0,
});

function gapOf({ traffic, stalls }: RecoveryBed, guest: BenchGuest, fromMs: number): number {
  const windows = traffic[guest].record.sequence.filter(({ atMs }) => atMs > fromMs);
  const stood = stalls.within(fromMs, Number.POSITIVE_INFINITY);
  return Math.max(0, ...windows.map((window) => quietMs(window, stood)));
}

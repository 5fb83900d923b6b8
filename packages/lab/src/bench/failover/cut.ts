import { setTimeout as delay } from "node:timers/promises";
import type { NicId } from "@gona/model";
import type { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import type { LabBed } from "../../bed/lab-bed.ts";
import { ipBatch } from "../../bed/run-command.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import type { SequenceWindow } from "../../traffic/probe-messages.ts";
import type { RunningTraffic } from "../../traffic/running-traffic.ts";
import type { Cable } from "./cable.ts";
import type { CarrierBook, Losses } from "./carrier-book.ts";

/** What one cut of a cable cost, in one direction. */
export interface CutCost {
  readonly lost: number;
  readonly reordered: number;
  /** Longest time without a datagram. */
  readonly gapMs: number;
}

export interface Cut {
  readonly egress: CutCost;
  /** Whose loss that of `egress` was. */
  readonly losses: Losses;
  readonly ingress: CutCost;
  /** From the cut to the daemon's word that the NIC is down. */
  readonly toldAfterMs: number;
  /** What TCP sent again, where it was counted. */
  readonly retransmitted: number;
  /** What the way back cost. */
  readonly healed: { readonly egress: CutCost; readonly ingress: CutCost };
}

export interface CutBed {
  readonly bed: LabBed;
  readonly daemon: DaemonUnderTest;
  readonly egress: RunningTraffic;
  readonly ingress: RunningTraffic;
  readonly cable: Cable;
  readonly book: CarrierBook;
  /** Segments that TCP has sent again so far; absent: there is no TCP. */
  readonly retransmits?: () => Promise<number>;
}

export interface CutHow {
  /** Nothing happens for so long before, milliseconds. */
  readonly quietMs: number;
  /** Another link's event shortly before, which makes linkwatch hold the cut's own back. */
  readonly eventBefore: boolean;
  /** GONA's programs cannot see the carrier: they go by the gate, which link events move. */
  readonly blind: boolean;
}

/** linkwatch tells a carrier loss at most once a second, system-wide; this long nothing happened before a quiet cut. */
export const LINKWATCH_MS = 1300;
/** A cut comes at any moment of what goes on by itself: timers, TCP's rounds, the receivers' windows. */
const RANDOM_MS = 100;
/** A link event so short before the cut makes linkwatch hold the cut's own event back. */
const EVENT_BEFORE_MS = 300;
/** Windows of the receivers are 100 ms; what a cut lost is known after the late event and two of them. */
const SETTLE_MS = 300;
const HEALED_SETTLE_MS = 350;
/** A pair of links that belongs to nobody; its carrier event is what happens shortly before a cut. */
const SPARE = ["spare0", "spare1"] as const;

export async function makeSpare({ bed }: Pick<CutBed, "bed">): Promise<void> {
  await ipBatch(bed.plan.hub, [
    // Equal indexes on both ends in two namespaces: not urgent to linkwatch, like the NICs of the lab.
    `link add ${SPARE[0]} index 4001 type veth peer name ${SPARE[1]} index 4001 netns ${spareNetns(bed)}`,
    `link set ${SPARE[0]} up`,
  ]);
  await ipBatch(spareNetns(bed), [`link set ${SPARE[1]} up`]);
}

const spareNetns = (bed: LabBed): string => bed.plan.switches[0]?.netns ?? bed.plan.hub;

/** Cuts the NIC's cable under traffic, waits until all is known, heals it and waits until it carries again. */
export async function cutOnce(cut: CutBed, how: CutHow): Promise<Cut> {
  const { bed, daemon, egress, ingress, book, cable } = cut;
  const { nic } = cable;
  await delay(how.quietMs + Math.random() * RANDOM_MS);
  if (how.eventBefore) {
    await ipBatch(spareNetns(bed), [`link set ${SPARE[1]} down`, `link set ${SPARE[1]} up`]);
    await delay(EVENT_BEFORE_MS);
  }
  const sentAgain = (await cut.retransmits?.()) ?? 0;
  const before = [mark(egress), mark(ingress)] as const;
  const from = book.settled();
  if (how.blind) book.blind();
  const orderedAtMs = Date.now();
  await cable.cut();
  // The link goes down just before the tool that did it ends.
  const cutAtMs = Date.now();
  const toldAtMs = await waitUntil(`the daemon tells that ${nic} is down`, () => downSince(daemon, nic, orderedAtMs), {
    withinMs: 5000,
    everyMs: 20,
  });
  await delay(SETTLE_MS);
  const after = [mark(egress), mark(ingress)] as const;
  const losses = book.losses(from, book.settled());
  const retransmitted = ((await cut.retransmits?.()) ?? 0) - sentAgain;
  await cable.heal();
  await waitUntil(`${nic} carries again`, () => isUp(daemon, nic), { withinMs: 30_000, everyMs: 20 });
  await delay(HEALED_SETTLE_MS);
  const healed = [mark(egress), mark(ingress)] as const;
  return {
    egress: costBetween(egress, before[0], after[0]),
    losses,
    ingress: costBetween(ingress, before[1], after[1]),
    toldAfterMs: Math.max(0, toldAtMs - cutAtMs),
    retransmitted,
    healed: { egress: costBetween(egress, after[0], healed[0]), ingress: costBetween(ingress, after[1], healed[1]) },
  };
}

/** Drains the NIC under traffic and gives it back: what each cost. */
export async function drainOnce(bed: Omit<CutBed, "cable" | "book">, nic: NicId): Promise<readonly [Costs, Costs]> {
  const { daemon, egress, ingress } = bed;
  const costs: Costs[] = [];
  for (const work of [() => daemon.client.drain(nic), () => daemon.client.undrain(nic)]) {
    await delay(Math.random() * RANDOM_MS);
    const before = [mark(egress), mark(ingress)] as const;
    await work();
    await delay(SETTLE_MS);
    costs.push({
      egress: costBetween(egress, before[0], mark(egress)),
      ingress: costBetween(ingress, before[1], mark(ingress)),
    });
  }
  return costs as [Costs, Costs] & Costs[];
}

export interface Costs {
  readonly egress: CutCost;
  readonly ingress: CutCost;
}

interface Mark {
  /** How many windows had been told. */
  readonly windows: number;
  readonly lost: number;
  readonly reordered: number;
}

function mark({ record }: RunningTraffic): Mark {
  const last = record.sequence.at(-1);
  return { windows: record.sequence.length, lost: last?.lost ?? 0, reordered: last?.reordered ?? 0 };
}

function costBetween({ record }: RunningTraffic, from: Mark, to: Mark): CutCost {
  const windows: readonly SequenceWindow[] = record.sequence.slice(from.windows, to.windows);
  return {
    lost: to.lost - from.lost,
    reordered: to.reordered - from.reordered,
    gapMs: Math.max(0, ...windows.map((window) => window.gapMs)),
  };
}

async function downSince(daemon: DaemonUnderTest, nic: NicId, sinceMs: number): Promise<number | undefined> {
  const events = await daemon.client.events({ limit: 20 });
  const told = events.findLast((event) => event.kind === "nic-down" && event.subject === nic);
  const atMs = told === undefined ? 0 : Date.parse(told.at);
  return atMs >= sinceMs ? atMs : undefined;
}

async function isUp(daemon: DaemonUnderTest, nic: NicId): Promise<true | undefined> {
  const found = (await daemon.client.nics()).find((view) => view.name === nic);
  return found?.state === "up" ? true : undefined;
}

import { bitsPerSecond, type HostSpec, type NicId, type SliceShare, type VifSpec } from "@gona/model";
import { DIRECTIONS, type Direction } from "../direction.ts";
import { eachVif } from "../each-vif.ts";
import { roomFor } from "../host-share.ts";
import { RATE_FLOOR } from "../htb-shape.ts";
import { shapedIngress } from "../reservations.ts";
import { type Demand, fairFill, type Scarce } from "./fair-fill.ts";
import type { ReserveChange } from "./reserve-change.ts";

/** Rates are multiples of it. */
const STEP = 8;

/** A reservation that stands in the spec. */
interface Reservation {
  readonly vif: VifSpec;
  readonly nic: NicId;
  readonly share: SliceShare;
  readonly path: string;
}

/**
 * Lower reservations of explicit slices with which the spec would fit, by weighted max-min (weights:
 * shares): of the reservations that collide the largest are cut to one level, all others stay as they
 * are. They are the largest such: none can be raised but at the cost of one that has less for its
 * weight. Empty where nothing need be lowered.
 */
export function nearestReserves(spec: HostSpec): readonly ReserveChange[] {
  return DIRECTIONS.flatMap((direction) => {
    const reservations = reservationsOf(spec, direction);
    const demands = reservations.map(
      ({ share }): Demand => ({ most: Math.max(0, share.reserve - floorOf(share)), weight: share.shares }),
    );
    const got = fairFill(demands, scarcities(spec, direction, reservations));
    return reservations.flatMap(({ vif, nic, share, path }, index): readonly ReserveChange[] => {
      const allowed = Math.min(share.reserve, floorOf(share)) + (got[index] ?? 0);
      const to = bitsPerSecond(allowed + STEP / 1000); // what the bisection falls short of a step
      return to < share.reserve ? [{ vif: vif.id, nic, direction, path, from: share.reserve, to }] : [];
    });
  });
}

const floorOf = (share: SliceShare): number => Math.min(RATE_FLOOR, share.limit);

function reservationsOf(spec: HostSpec, direction: Direction): readonly Reservation[] {
  const found: Reservation[] = [];
  eachVif(spec, (vif, place) => {
    if (vif.aggregate.want !== undefined) return;
    for (const [k, slice] of vif.aggregate.slices.entries()) {
      const share = slice[direction];
      if (share === undefined) continue;
      found.push({ vif, nic: slice.nic, share, path: `${place()}.aggregate.slices[${k}].${direction}.reserve` });
    }
  });
  return found;
}

/** All that reservations of one direction can be too much for. The floors are taken off the rooms beforehand. */
function scarcities(spec: HostSpec, direction: Direction, all: readonly Reservation[]): readonly Scarce[] {
  const onNic = new Map<NicId, number[]>();
  const ofVif = new Map<VifSpec, number[]>();
  for (const [index, { nic, vif }] of all.entries()) {
    push(onNic, nic, index);
    push(ofVif, vif, index);
  }
  const rooms = new Map(
    spec.nics.map((nic) => [nic.name, roomFor(nic, direction) - floors(spec, nic.name, direction)]),
  );
  const scarce: Scarce[] = [];
  for (const [nic, indexes] of onNic) {
    scarce.push({ room: Math.max(0, rooms.get(nic) ?? 0), terms: indexes.map((index) => [index, 1]) });
  }
  /** By `lost survivor`. */
  const moved = new Map<string, { readonly to: NicId; readonly terms: [number, number][] }>();
  for (const [vif, indexes] of ofVif) {
    scarce.push(...ofAggregate(vif, direction, indexes, all));
    if (vif.aggregate.onNicLoss !== "keep-reserve") continue;
    for (const { lost, to, coefficient } of moves(vif, indexes, all)) {
      const nic = all[to]?.nic;
      const from = all[lost];
      if (nic === undefined || from === undefined) continue;
      const key = `${from.nic} ${nic}`;
      const entry = moved.get(key) ?? { to: nic, terms: [] };
      entry.terms.push([lost, coefficient]);
      moved.set(key, entry);
    }
  }
  for (const { to, terms } of moved.values()) {
    // What moves is rounded up, and a floor that moves counts too.
    const spare = terms.length * (STEP + RATE_FLOOR);
    const own = (onNic.get(to) ?? []).map((index): [number, number] => [index, 1]);
    scarce.push({ room: Math.max(0, (rooms.get(to) ?? 0) - spare), terms: [...own, ...terms] });
  }
  return scarce;
}

/** What an aggregate's own cap and limits allow. */
function ofAggregate(
  vif: VifSpec,
  direction: Direction,
  indexes: readonly number[],
  all: readonly Reservation[],
): readonly Scarce[] {
  const scarce: Scarce[] = [];
  const cap = vif.aggregate.limit?.[direction];
  const floorSum = indexes.reduce((sum, index) => sum + Math.min(RATE_FLOOR, all[index]?.share.reserve ?? 0), 0);
  if (cap !== undefined) {
    if (vif.aggregate.balance === "active-backup") {
      for (const index of indexes) scarce.push({ room: Math.max(0, cap - RATE_FLOOR), terms: [[index, 1]] });
    } else {
      scarce.push({ room: Math.max(0, cap - floorSum), terms: indexes.map((index) => [index, 1]) });
    }
  }
  if (vif.aggregate.onNicLoss !== "keep-reserve") return scarce;
  // Nobody could take it over.
  if (indexes.length === 1) return indexes.map((index) => ({ room: 0, terms: [[index, 1]] }));
  for (const { lost, to, coefficient } of moves(vif, indexes, all)) {
    const limit = (all[to]?.share.limit ?? 0) - 2 * RATE_FLOOR - STEP;
    scarce.push({
      room: Math.max(0, limit),
      terms: [
        [to, 1],
        [lost, coefficient],
      ],
    });
  }
  return scarce;
}

interface Move {
  readonly lost: number;
  readonly to: number;
  /** What part of the lost reservation goes there. */
  readonly coefficient: number;
}

/** As carriedOver() moves reservations. */
function moves(vif: VifSpec, indexes: readonly number[], all: readonly Reservation[]): readonly Move[] {
  // Of active-backup the next slice's own reservation goes first; that it has less is no need for room.
  if (vif.aggregate.balance === "active-backup") return [];
  return indexes.flatMap((lost) => {
    const others = indexes.filter((index) => index !== lost);
    const limits = others.reduce((sum, index) => sum + (all[index]?.share.limit ?? 0), 0);
    return others.map((to) => ({ lost, to, coefficient: (all[to]?.share.limit ?? 0) / limits }));
  });
}

/** What slices on a NIC count for before any reservation. */
function floors(spec: HostSpec, nic: NicId, direction: Direction): number {
  const shaped = direction === "egress" || shapedIngress(spec).has(nic);
  if (!shaped) return 0;
  let count = 0;
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      if (vif.aggregate.want !== undefined && direction === "egress") continue;
      for (const slice of vif.aggregate.slices) if (slice.nic === nic) count++;
    }
  }
  return count * RATE_FLOOR;
}

function push<K>(map: Map<K, number[]>, key: K, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

import {
  type BitsPerSecond,
  bitsPerSecond,
  minRate,
  type NicSpec,
  type SliceSpec,
  scaleRate,
  type VifId,
  type VifSpec,
  type Want,
} from "@gona/model";
import { countedReserve } from "../counted-reserve.ts";
import { equalData } from "../equal-data.ts";
import { RATE_FLOOR } from "../htb-shape.ts";
import type { PlacedVif } from "./placed.ts";
import { shareOut } from "./share-out.ts";
import { leftAfterLoss, MOST_NICS, spread } from "./spread.ts";
import { type Wanting, wishOf } from "./wanting.ts";

/** By NIC, bit/s; undefined: no slice there. */
type Reserves = ReadonlyMap<Wanting, readonly (number | undefined)[]>;
type Slices = ReadonlyMap<VifSpec, readonly SliceSpec[]>;

/** Where guests of one fabric may be placed. */
export interface FabricRooms {
  readonly nics: readonly NicSpec[];
  /** What can be reserved on each, bit/s. */
  readonly rooms: readonly number[];
}

export interface PlacedOnFabric {
  readonly slices: Slices;
  /** What each guest could have reserved, where they do not all fit; those that get less alone. */
  readonly lowered: ReadonlyMap<VifSpec, BitsPerSecond>;
}

/** The slices of guests that want, on the NICs of one fabric; `before` has those that were placed last time. */
export function placeOnFabric(
  fabric: FabricRooms,
  wanting: readonly Wanting[],
  before: ReadonlyMap<VifId, PlacedVif>,
): PlacedOnFabric {
  const byName = wanting.toSorted((a, b) => (a.vif.id < b.vif.id ? -1 : 1));
  const slices = place(fabric, byName, before) ?? place(fabric, byName);
  return slices === undefined ? placeLowered(fabric, byName) : { slices, lowered: new Map() };
}

/** Halvings of the factor for fabrics that shareOut() cannot say the last word about. */
const HALVINGS = 20;

function placeLowered({ nics, rooms }: FabricRooms, byName: readonly Wanting[]): PlacedOnFabric {
  // What rounding to steps and to the floor takes, so that the lowered reservations fit for certain.
  const margin = (8 * nics.length + RATE_FLOOR) * byName.length;
  const got = shareOut(
    rooms.map((room) => Math.max(0, room - margin)),
    byName.map(wishOf),
  );
  const lower = (factor: number): readonly Wanting[] =>
    byName.map((one, index) => {
      const reserve = minRate(one.want.reserve, scaleRate(bitsPerSecond(got[index] ?? 0), factor));
      return { ...one, want: { ...one.want, reserve } };
    });
  let [best, above] = [0, 1];
  let slices = place({ nics, rooms }, lower(1));
  if (slices !== undefined) best = 1;
  for (let i = 0; best < 1 && i < HALVINGS; i++) {
    const middle = (best + above) / 2;
    const placed = place({ nics, rooms }, lower(middle));
    if (placed === undefined) above = middle;
    else [best, slices] = [middle, placed];
  }
  const wants = lower(best);
  const lowered = wants.filter(({ want }, index) => want.reserve < (byName[index]?.want.reserve ?? 0));
  return { slices: slices ?? new Map(), lowered: new Map(lowered.map(({ vif, want }) => [vif, want.reserve])) };
}

/** Undefined where not everybody fits beside those that keep what they had. */
function place(
  { nics, rooms }: FabricRooms,
  byName: readonly Wanting[],
  before: ReadonlyMap<VifId, PlacedVif> = new Map(),
): Slices | undefined {
  const left = [...rooms];
  const reserves = new Map<Wanting, readonly (number | undefined)[]>();
  for (const one of byName) {
    const kept = keptReserves(one, nics, left, before.get(one.vif.id));
    if (kept === undefined) continue;
    reserves.set(one, kept);
    for (const [index, rate] of kept.entries()) {
      if (rate !== undefined) left[index] = (left[index] ?? 0) - Math.max(rate, RATE_FLOOR);
    }
  }
  const fresh = byName.filter((one) => !reserves.has(one));
  const placed = placeFresh(left, fresh, RATE_FLOOR * fresh.length) ?? placeFresh(left, fresh, 0);
  if (placed === undefined) return undefined;
  for (const [one, taken] of placed.reserves) reserves.set(one, taken);
  return new Map(byName.map((one) => [one.vif, slicesOf(one.want, nics, reserves.get(one) ?? [], placed.left)]));
}

/**
 * With `spare` bit/s kept free on each NIC there is room for the RATE_FLOOR of slices that reserve
 * less or nothing. Without, such a slice is left out where a NIC is full to the brim.
 */
function placeFresh(
  rooms: readonly number[],
  fresh: readonly Wanting[],
  spare: number,
): { readonly reserves: Reserves; readonly left: number[] } | undefined {
  const spreadOut = spread(
    rooms.map((room) => Math.max(0, room - spare)),
    fresh.map(wishOf),
  );
  if (spreadOut === undefined) return undefined;
  const left = rooms.map((room, nic) => spreadOut.reduce((rest, reserves) => rest - (reserves[nic] ?? 0), room));
  const reserves = new Map<Wanting, readonly (number | undefined)[]>();
  for (const [index, one] of fresh.entries()) {
    const taken = (spreadOut[index] ?? []).map((rate, nic) => {
      const missing = Math.max(0, RATE_FLOOR - rate);
      const room = left[nic] ?? 0;
      if (rate === 0 || missing > room) {
        left[nic] = room + rate;
        return undefined;
      }
      left[nic] = room - missing;
      return rate;
    });
    if (
      leftAfterLoss(
        taken.map((rate) => rate ?? 0),
        one.want.survive,
      ) < one.want.reserve
    )
      return undefined;
    reserves.set(one, taken);
  }
  return { reserves, left };
}

/** The reserves that the guest had by NIC, where they are still what it wants and there is still room for them. */
function keptReserves(
  { want }: Wanting,
  nics: readonly NicSpec[],
  left: readonly number[],
  before: PlacedVif | undefined,
): readonly (number | undefined)[] | undefined {
  if (before === undefined || !equalData(before.aggregate.want, want)) return undefined;
  const reserves = nics.map((nic, index) => {
    const share = before.aggregate.slices.find((slice) => slice.nic === nic.name)?.egress;
    if (share === undefined) return undefined;
    // A slice that reserves nothing may go, one that does may not.
    return share.reserve === 0 && (left[index] ?? 0) < RATE_FLOOR ? undefined : share.reserve;
  });
  const fits = reserves.every((rate, index) => rate === undefined || Math.max(rate, RATE_FLOOR) <= (left[index] ?? 0));
  const kept = reserves.map((rate) => rate ?? 0);
  return fits && leftAfterLoss(kept, want.survive) >= want.reserve ? reserves : undefined;
}

/** A slice on every NIC that has room for one, also where nothing is reserved: more ways for flows, and to survive by. */
function slicesOf(
  want: Want,
  nics: readonly NicSpec[],
  reserves: readonly (number | undefined)[],
  left: number[],
): readonly SliceSpec[] {
  let most = MOST_NICS - reserves.filter((rate) => rate !== undefined).length;
  const slices: SliceSpec[] = [];
  for (const [index, nic] of nics.entries()) {
    const reserve = reserves[index];
    const limit = want.limit === undefined ? nic.capacity : minRate(want.limit, nic.capacity);
    const share = { reserve: bitsPerSecond(reserve ?? 0), limit, shares: want.shares };
    if (reserve === undefined) {
      const cost = countedReserve(share);
      if (most === 0 || (left[index] ?? 0) < cost) continue;
      left[index] = (left[index] ?? 0) - cost;
      most--;
    }
    slices.push({ nic: nic.name, egress: share });
  }
  return slices;
}

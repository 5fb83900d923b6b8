import { type AggregateSpec, bitsPerSecond, minRate, type NicId, type SliceShare, type SliceSpec } from "@gona/model";
import { DIRECTIONS, type Direction } from "./direction.ts";

/** Rates are multiples of it. */
const STEP = 8;

/**
 * What each slice reserves beyond its own while some NICs are lost, bit/s by the order of the slices:
 * with `keep-reserve` the reservations of the lost slices go to the living ones in proportion to
 * their limits, rounded up to 8 bit/s. `active-backup` sends through the first living slice alone, so
 * that one has at least what any lost slice before it had.
 */
export function carriedOver(
  { slices, balance, onNicLoss }: AggregateSpec,
  direction: Direction,
  isLost: (nic: NicId) => boolean,
): readonly number[] {
  const none = slices.map(() => 0);
  if (onNicLoss !== "keep-reserve") return none;
  const living = slices.map((slice) => (isLost(slice.nic) ? undefined : slice[direction]));
  const lost = slices.map((slice): number => (isLost(slice.nic) ? (slice[direction]?.reserve ?? 0) : 0));
  if (balance === "active-backup") {
    const first = living.findIndex((share) => share !== undefined);
    const most = Math.max(0, ...lost.slice(0, Math.max(0, first)));
    return none.map((_, index) => (index === first ? Math.max(0, most - (living[first]?.reserve ?? 0)) : 0));
  }
  const sum = lost.reduce((total, reserve) => total + reserve, 0);
  const limits = living.reduce((total, share) => total + (share?.limit ?? 0), 0);
  if (sum === 0 || limits === 0) return none;
  return living.map((share) => Math.ceil((sum * (share?.limit ?? 0)) / limits / STEP) * STEP);
}

/**
 * The slices of an aggregate as they are to be shaped while only some NICs are up: those of the spec,
 * unless `keep-reserve` moves reservations. Never above a slice's limit. The same list where nothing moves.
 */
export function effectiveShares(aggregate: AggregateSpec, isUp: (nic: NicId) => boolean): readonly SliceSpec[] {
  const { slices, onNicLoss } = aggregate;
  if (onNicLoss !== "keep-reserve" || slices.every(({ nic }) => isUp(nic))) return slices;
  const isLost = (nic: NicId) => !isUp(nic);
  const more = { egress: carriedOver(aggregate, "egress", isLost), ingress: carriedOver(aggregate, "ingress", isLost) };
  if (DIRECTIONS.every((direction) => more[direction].every((extra) => extra === 0))) return slices;
  return slices.map((slice, index) => ({
    ...slice,
    egress: raised(slice.egress, more.egress[index]),
    ...(slice.ingress && { ingress: raised(slice.ingress, more.ingress[index]) }),
  }));
}

const raised = (share: SliceShare, by = 0): SliceShare =>
  by === 0 ? share : { ...share, reserve: minRate(bitsPerSecond(share.reserve + by), share.limit) };

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
  let lost = 0;
  let limits = 0;
  for (const slice of slices) {
    const share = slice[direction];
    if (share === undefined) continue;
    if (isLost(slice.nic)) lost += share.reserve;
    else limits += share.limit;
  }
  if (lost === 0 || limits === 0) return none;
  if (balance === "active-backup") return toNextInLine(slices, direction, isLost);
  return slices.map(({ nic, [direction]: share }) =>
    share === undefined || isLost(nic) ? 0 : Math.ceil((lost * share.limit) / limits / STEP) * STEP,
  );
}

function toNextInLine(
  slices: readonly SliceSpec[],
  direction: Direction,
  isLost: (nic: NicId) => boolean,
): readonly number[] {
  const first = slices.findIndex((slice) => !isLost(slice.nic) && slice[direction] !== undefined);
  const before = slices.slice(0, Math.max(0, first)).map((slice): number => slice[direction]?.reserve ?? 0);
  const most = Math.max(0, ...before);
  return slices.map((slice, index) => (index === first ? Math.max(0, most - (slice[direction]?.reserve ?? 0)) : 0));
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

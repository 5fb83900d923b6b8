import type { AggregateSpec, HostSpec, NicId } from "@gona/model";
import { DIRECTIONS, type Direction } from "./direction.ts";
import { carriedOver } from "./effective-shares.ts";

/** What `keep-reserve` moves between NICs when one is lost, summed over all guests. */
export interface MovedSums {
  /** bit/s that go to `on` when `lost` is lost. */
  readonly of: (direction: Direction, lost: NicId, on: NicId) => number;
  /** Some slice could not take over what is to be moved to it, or there is none that could. */
  readonly overLimit: boolean;
}

/** Numbers alone: admission of a thousand guests is to take a millisecond. */
export function movedSums({ nics, guests }: HostSpec): MovedSums {
  const numbers = new Map(nics.map(({ name }, index) => [name, index]));
  const count = nics.length;
  const sums = { egress: new Float64Array(count * count), ingress: new Float64Array(count * count) };
  let overLimit = false;
  for (const guest of guests) {
    for (const { aggregate } of guest.vifs) {
      if (aggregate.onNicLoss !== "keep-reserve") continue;
      for (const direction of DIRECTIONS) {
        overLimit = addMoved(aggregate, direction, numbers, sums[direction]) || overLimit;
      }
    }
  }
  const at = (nic: NicId): number => numbers.get(nic) ?? 0;
  return { of: (direction, lost, on) => sums[direction][at(lost) * count + at(on)] ?? 0, overLimit };
}

/** Adds one aggregate's part; true where it breaks a limit. */
function addMoved(
  aggregate: AggregateSpec,
  direction: Direction,
  numbers: ReadonlyMap<NicId, number>,
  sums: Float64Array,
): boolean {
  const { slices } = aggregate;
  let overLimit = false;
  for (let lost = 0; lost < slices.length; lost++) {
    const nic = slices[lost]?.nic;
    const reserve = slices[lost]?.[direction]?.reserve ?? 0;
    if (nic === undefined || reserve === 0) continue;
    const extras = carriedOver(aggregate, direction, (other) => other === nic);
    const from = (numbers.get(nic) ?? 0) * numbers.size;
    let taken = false;
    for (let index = 0; index < slices.length; index++) {
      const slice = slices[index];
      const share = slice?.[direction];
      if (slice === undefined || share === undefined || index === lost) continue;
      taken = true;
      const extra = extras[index] ?? 0;
      if (share.reserve + extra > share.limit) overLimit = true;
      const to = from + (numbers.get(slice.nic) ?? 0);
      sums[to] = (sums[to] ?? 0) + extra;
    }
    if (!taken) overLimit = true;
  }
  return overLimit;
}

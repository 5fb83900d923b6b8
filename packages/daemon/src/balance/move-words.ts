import type { NicId } from "@gona/model";
import type { Balanced, BucketMove, Load, VifEntry } from "@gona/planner";

const percent = (part: number): string => `${Math.round(part * 100)} %`;

export const mbits = (bytesPerSecond: number): string => `${((bytesPerSecond * 8) / 1e6).toFixed(1)} Mbit/s`;

export const nicOf = (entry: VifEntry, slice: number): NicId => entry.slices[slice]?.nic ?? ("?" as NicId);

/** `eth1 was at 83 % of what it may carry, eth2 at 41 %`. */
export function usesInWords(entry: VifEntry, load: Load): string {
  const uses = load.usable.map((slice) => `${nicOf(entry, slice)} at ${percent(load.use(slice))}`);
  return uses.join(", ");
}

/** Why one bucket moved. */
export function causeOf({ reason, from, to }: BucketMove, entry: VifEntry, { before }: Balanced): string {
  const [source, target] = [nicOf(entry, from), nicOf(entry, to)];
  const uses = `${source} was at ${percent(before.use(from))} of what it may carry, ${target} at ${percent(before.use(to))}`;
  switch (reason) {
    case "lost":
      return `${source} may not be used`;
    case "elephant":
      return `one of its flows sends so much that it decides: ${uses}`;
    case "beside-elephant":
      return `makes room for a large flow: ${uses}`;
    case "level":
      return uses;
  }
}

/** `12 buckets (34.5 Mbit/s) from eth1 to eth2`, one part for each pair of NICs. */
export function movesInWords(entry: VifEntry, moves: readonly BucketMove[]): string {
  const pairs = new Map<string, { count: number; rate: number }>();
  for (const { from, to, bytesPerSecond } of moves) {
    const key = `from ${nicOf(entry, from)} to ${nicOf(entry, to)}`;
    const pair = pairs.get(key) ?? { count: 0, rate: 0 };
    pairs.set(key, { count: pair.count + 1, rate: pair.rate + bytesPerSecond });
  }
  const parts = Array.from(pairs, ([way, { count, rate }]) => `${count} buckets (${mbits(rate)}) ${way}`);
  return parts.join(", ");
}

/** One point of a cumulative distribution: so much of all flows has at most so many bytes. */
export interface SizePoint {
  readonly bytes: number;
  readonly atMost: number;
}

/** A distribution of flow sizes; between two points it is linear. Points ascend, the first is at 0, the last at 1. */
export interface FlowSizes {
  readonly name: string;
  readonly points: readonly SizePoint[];
}

const points = (...list: readonly (readonly [bytes: number, atMost: number])[]): readonly SizePoint[] =>
  list.map(([bytes, atMost]) => ({ bytes, atMost }));

/**
 * Flows of a web-search cluster: M. Alizadeh et al., "Data Center TCP (DCTCP)", SIGCOMM 2010, figure 4, by the points
 * that its authors give with their traffic generator. Mean 1.7 MB; half of the flows are below 80 kB, and
 * 95 % of the bytes are in flows above 1 MB.
 */
export const WEB_SEARCH: FlowSizes = {
  name: "web search",
  points: points(
    [1_460, 0],
    [10_000, 0.15],
    [20_000, 0.2],
    [30_000, 0.3],
    [50_000, 0.4],
    [80_000, 0.53],
    [200_000, 0.6],
    [1_000_000, 0.7],
    [2_000_000, 0.8],
    [5_000_000, 0.9],
    [10_000_000, 0.97],
    [30_000_000, 1],
  ),
};

const SEGMENT_BYTES = 1_460;

/**
 * Flows of a cluster that mines data: A. Greenberg et al., "VL2", SIGCOMM 2009, figure 2, by the points of M. Alizadeh
 * et al., "pFabric", SIGCOMM 2013, which counts in full segments. Four of five flows are below 10 kB, and one in
 * a hundred has most of the bytes.
 */
export const DATA_MINING: FlowSizes = {
  name: "data mining",
  points: points(
    [SEGMENT_BYTES / 2, 0],
    [SEGMENT_BYTES, 0.5],
    [2 * SEGMENT_BYTES, 0.6],
    [3 * SEGMENT_BYTES, 0.7],
    [7 * SEGMENT_BYTES, 0.8],
    [267 * SEGMENT_BYTES, 0.9],
    [2_107 * SEGMENT_BYTES, 0.95],
    [66_667 * SEGMENT_BYTES, 0.99],
    [666_667 * SEGMENT_BYTES, 1],
  ),
};

/** The size that `part` of all flows (0 to 1) do not exceed. */
export function sizeAt({ points: list }: FlowSizes, part: number): number {
  for (const [index, point] of list.entries()) {
    const before = list[index - 1];
    if (part > point.atMost) continue;
    if (before === undefined || point.atMost === before.atMost) return point.bytes;
    const along = (part - before.atMost) / (point.atMost - before.atMost);
    return Math.round(before.bytes + along * (point.bytes - before.bytes));
  }
  return list.at(-1)?.bytes ?? 0;
}

/** How much of all flows has at most so many bytes. */
export function partUpTo({ points: list }: FlowSizes, bytes: number): number {
  for (const [index, point] of list.entries()) {
    const before = list[index - 1];
    if (bytes > point.bytes) continue;
    if (before === undefined) return 0;
    return before.atMost + ((bytes - before.bytes) / (point.bytes - before.bytes)) * (point.atMost - before.atMost);
  }
  return 1;
}

/** Those flows of a distribution that have from `least` to `most` bytes. Throws RangeError where there are none. */
export function between(sizes: FlowSizes, least: number, most: number): FlowSizes {
  const [low, high] = [partUpTo(sizes, least), partUpTo(sizes, most)];
  if (high <= low) throw new RangeError(`${sizes.name} has no flows from ${least} to ${most} bytes`);
  const inside = sizes.points.filter(({ bytes }) => bytes > least && bytes < most);
  const first = { bytes: Math.max(least, sizes.points[0]?.bytes ?? 0), atMost: low };
  const last = { bytes: Math.min(most, sizes.points.at(-1)?.bytes ?? 0), atMost: high };
  return {
    name: sizes.name,
    points: [first, ...inside.filter(({ bytes }) => bytes > first.bytes && bytes < last.bytes), last].map(
      ({ bytes, atMost }) => ({ bytes, atMost: (atMost - low) / (high - low) }),
    ),
  };
}

/** Bytes of the mean flow. */
export const meanBytes = ({ points: list }: FlowSizes): number =>
  list.reduce((sum, point, index) => {
    const before = list[index - 1];
    return before === undefined ? sum : sum + ((point.bytes + before.bytes) / 2) * (point.atMost - before.atMost);
  }, 0);

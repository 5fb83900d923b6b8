import {
  type AggregateSpec,
  bitsPerSecond,
  bytes,
  megabitsPerSecond,
  milliseconds,
  nanoseconds,
  ratio,
  type TrafficClassSpec,
} from "@gona/model";
import { describe, expect, it } from "vitest";
import { LANES, REST_PART, SPARSE_PART } from "./hub-state.ts";
import { sliceParts } from "./part-shapes.ts";

const oneClass = (priority: number, rates: Partial<TrafficClassSpec> = {}): TrafficClassSpec => ({
  name: `c${priority}`,
  match: { dscp: [priority] },
  priority,
  ...rates,
});
const absolute = (megabits: number) => ({ kind: "absolute" as const, rate: megabitsPerSecond(megabits) });

interface Given {
  readonly classes?: readonly TrafficClassSpec[];
  readonly latency?: number;
  readonly fraction?: number;
  readonly rate?: number;
  readonly fqCodel?: boolean;
  readonly laned?: boolean;
}

/** Parts of a slice with 100 Mbit/s assured and a limit of 400. */
function partsOf({ classes = [], latency, fraction = 1, rate = 100, fqCodel = false, laned = false }: Given) {
  const aggregate: AggregateSpec = {
    slices: [],
    balance: "hash",
    onNicLoss: "degrade",
    classes,
    ...(latency === undefined ? {} : { latency: milliseconds(latency) }),
  };
  const slice = {
    rate: megabitsPerSecond(rate),
    ceil: megabitsPerSecond(400),
    quantum: bytes(200_000),
    pace: { rate: megabitsPerSecond(424), burst: nanoseconds(512_000) },
  };
  return sliceParts({ aggregate, slice, fraction, laned, fqCodel });
}
const rates = (given: Given) => Object.fromEntries(partsOf(given).map(({ part, rate }) => [part, rate / 1e6]));

describe("sliceParts", () => {
  it("gives the first priority all that others have not reserved, and these what they reserved", () => {
    const classes = [oneClass(7, { reserve: absolute(10) }), oneClass(0), oneClass(2, { reserve: absolute(20) })];
    expect(rates({ classes })).toEqual({ 1: 10, 2: 70, 3: 20, [REST_PART]: 0.008 });
  });

  it("gives what a class may not have to the next", () => {
    const classes = [oneClass(0, { limit: absolute(30) }), oneClass(7)];
    expect(rates({ classes })).toEqual({ 1: 30, 2: 0.008, [REST_PART]: 70 });
  });

  it("shares alike among equal priorities, none above its limit; the rest is one of priority 4", () => {
    const classes = [oneClass(4, { limit: absolute(20) }), oneClass(4)];
    expect(rates({ classes })).toEqual({ 1: 20, 2: 40, [REST_PART]: 40 });
  });

  it("shrinks reservations that are more than the slice has assured, in proportion", () => {
    const classes = [oneClass(0, { reserve: absolute(60) }), oneClass(1, { reserve: absolute(140) })];
    expect(rates({ classes })).toEqual({ 1: 30, 2: 70, [REST_PART]: 0.008 });
  });

  it("takes of a rate over the aggregate this slice's part, and of a share the slice's limit", () => {
    const classes = [
      oneClass(0, { reserve: absolute(40), limit: absolute(80) }),
      oneClass(1, { reserve: { kind: "ofSlice", ratio: ratio(0.05) }, limit: { kind: "ofSlice", ratio: ratio(0.5) } }),
    ];
    const [first, second] = partsOf({ classes, fraction: 0.25 });
    expect([first?.rate, first?.ceil]).toEqual([20e6, 20e6]);
    expect([second?.rate, second?.ceil]).toEqual([80e6, 200e6]);
  });

  it("has sparse flows before the rest where there is a latency goal, and shorter queues", () => {
    const parts = partsOf({ latency: 5 });
    expect(parts.map(({ part, rate }) => [part, rate])).toEqual([
      [SPARSE_PART, 100e6],
      [REST_PART, 8],
    ]);
    const plain = partsOf({ classes: [oneClass(0)] }).at(-1);
    expect(parts[1]?.leaf.limit).toBeLessThan(plain?.leaf.limit ?? 0);
  });

  it("spreads bulk flows over lanes of equal turns, no longer than what one holds near the goal", () => {
    const [sparse, ...lanes] = partsOf({ latency: 5, laned: true });
    expect(sparse?.part).toBe(SPARSE_PART);
    expect(lanes.map(({ part }) => part)).toEqual(Array.from({ length: LANES }, (_, lane) => REST_PART + lane));
    const [first] = lanes;
    for (const lane of lanes) expect({ ...lane, part: REST_PART }).toEqual(first);
    expect(first?.quantum).toBe((400e6 * 0.005) / 8 / LANES);
    expect(partsOf({ latency: 0.1, laned: true }).at(-1)?.quantum).toBe(1514);
    expect(partsOf({ classes: [oneClass(0)], laned: true }).map(({ part }) => part)).toEqual([1, REST_PART]);
  });

  it("has no sparse flows where fq_codel is the leaf of what has a goal", () => {
    const parts = partsOf({ classes: [oneClass(0)], latency: 5, fqCodel: true });
    expect(parts.map(({ part, leaf }) => [part, leaf.codel !== undefined])).toEqual([
      [1, true],
      [REST_PART, true],
    ]);
  });

  it("weighs borrowers by priority, four to one at most, and gives HTB one priority", () => {
    const parts = partsOf({ classes: [oneClass(0), oneClass(4), oneClass(7)] });
    expect(parts.map(({ quantum }) => quantum)).toEqual([800_000, 200_000, 50_000, 200_000]);
    expect(parts.every(({ priority }) => priority === 0)).toBe(true);
  });

  it("assures each part something, however little its slice has", () => {
    for (const { rate, ceil } of partsOf({ classes: [oneClass(0), oneClass(7)], rate: 0.008 })) {
      expect(rate).toBe(8_000);
      expect(ceil).toBe(bitsPerSecond(400e6));
    }
  });
});

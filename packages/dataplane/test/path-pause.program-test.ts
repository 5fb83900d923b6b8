import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { MILLISECOND, now, PathBench, SECOND } from "./path-bench.ts";

const bench = new PathBench();
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => bench.begin());

/** A moment that no test run lasts until. */
const later = (): bigint => now() + 20n * SECOND;
/** Longer than GONA_GAP_NS. */
const PAUSE = 6n * MILLISECOND;

describe("a flow whose bucket was moved away from a full slice, and that never pauses", () => {
  /** So long ago, in the units of straysMs. */
  const since = (units: number): number => Number((now() >> 20n) - BigInt(units));
  const stray = (units: number, home: bigint): void => {
    bench.known(1, later(), { straysMs: since(units) });
    bench.queues(home, later());
  };

  test("is made to pause when it has waited in vain", () => {
    stray(150, 0n);
    expect(bench.send()).toMatchObject({ verdict: "DROP_MOVE", returned: 2 });
    expect(bench.path().slice).toBe(1);
  });

  test("goes to its bucket's slice when its last packet is out", () => {
    bench.known(1, now() - PAUSE, { straysMs: since(150) });
    bench.queues(0n, later());
    expect(bench.next()).toBe(0);
    expect(bench.path()).toMatchObject({ straysMs: 0, moves: 1 });
  });

  test("is given time to pause by itself", () => {
    bench.known(1, later());
    bench.queues(0n, later());
    expect(bench.next()).toBe(1);
    expect(bench.path().straysMs).toBeGreaterThan(0);
    stray(20, 0n);
    expect(bench.next()).toBe(1);
  });

  test("stays where its bucket's slice is full too, or dead, or its own is not", () => {
    stray(150, later());
    expect(bench.next()).toBe(1);
    expect(bench.path().straysMs).toBe(0);
    bench.known(1, later(), { straysMs: since(150) });
    bench.queues(0n, 0n);
    expect(bench.next()).toBe(1);
    stray(150, 0n);
    bench.nic({ slot: 0, up: false });
    expect(bench.next()).toBe(1);
  });
});

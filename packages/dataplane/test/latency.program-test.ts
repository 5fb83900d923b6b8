import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import {
  AF41,
  AF42,
  CLASS,
  FRAME_LENGTH,
  ip4,
  ip6,
  LatencyBench,
  MAC,
  now,
  PLENTY,
  RATE,
  REST,
  SHORT,
  SLOT,
  SPARSE,
  type Way,
  WITH_GOAL,
  WITHOUT,
  ways,
} from "./latency-bench.ts";
import { checksum, ethernet, tcp, udp } from "./packets.ts";
import { NOWHERE } from "./program-bench.ts";
import { PEER } from "./test-host.ts";

const nsOf = (bytes: number): bigint => {
  const exact = BigInt((bytes * 1_000_000_000) / RATE);
  return exact + (exact >> 10n);
};
const NS_PER_FRAME = nsOf(FRAME_LENGTH);

const bench = new LatencyBench();
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => bench.begin());

describe("beyond the goal", () => {
  interface Told {
    readonly name: string;
    /** Length of the virtual queue. */
    readonly goals: number;
    /** DSCP << 2 | ECN before and after; undefined after: dropped. */
    readonly before: number;
    readonly after: number | undefined;
    readonly marks: number;
  }
  const rows: Told[] = [
    { name: "below the goal nothing happens", goals: 0.9, before: 0, after: 0, marks: 0 },
    { name: "below the goal ECN stays as it is", goals: 0.9, before: 2, after: 2, marks: 0 },
    { name: "ECT(0) is marked", goals: 2.5, before: 2, after: 3, marks: 1 },
    { name: "ECT(1) is marked", goals: 2.5, before: 1, after: 3, marks: 1 },
    { name: "the DSCP stays", goals: 2.5, before: (10 << 2) | 2, after: (10 << 2) | 3, marks: 1 },
    { name: "what is marked stays marked", goals: 2.5, before: 3, after: 3, marks: 1 },
    { name: "what is not ECN-capable is dropped", goals: 2.5, before: 0, after: undefined, marks: 0 },
    { name: "far beyond it all is dropped", goals: 4.5, before: 2, after: undefined, marks: 0 },
  ];
  const cases = ways.flatMap((way) => ([ip4, ip6] as const).flatMap((ip) => rows.map((row) => ({ ...row, way, ip }))));
  test.each(cases)("$way $ip.name: $name", ({ goals, before, after, marks, way, ip }) => {
    bench.bulk(way, before, { ip });
    bench.queue(goals);
    const [marked, dropped] = bench.told(way, () => {
      const result = bench.send(way, before, { ip });
      if (after === undefined) expect(result).toMatchObject({ verdict: "DROP_QUEUE", returned: 2 });
      else {
        expect(result.priority).toBe(REST);
        expect(result.packet.slice(14)).toEqual(
          ip(after, udp(bench.flow, 9, new Uint8Array(1514 - (ip === ip4 ? 42 : 62)))).bytes(new Uint8Array()),
        );
        if (ip === ip4) expect(checksum(result.packet.slice(14, 34))).toBe(0);
      }
    });
    expect([marked, dropped]).toEqual([marks, after === undefined ? 1 : 0]);
  });

  test.each(ways)("%s: a sparse flow is neither marked nor dropped", (way) => {
    for (const ecn of [0, 2]) {
      bench.flow += 500;
      bench.queue(100);
      const result = bench.send(way, ecn, { length: 100 });
      expect(result.priority).toBe(SPARSE);
      expect(result.packet[15]).toBe(ecn);
    }
  });

  test("between one goal and two the chance grows", () => {
    bench.bulk("tx");
    const sets = bench.flowSets();
    const dropped = (goals: number) => {
      let count = 0;
      for (let i = 0; i < 200; i++) {
        bench.queue(goals);
        bench.forget(sets);
        if (bench.send("tx").verdict === "DROP_QUEUE") count++;
      }
      return count;
    };
    const [few, half, most] = [dropped(1.1), dropped(1.5), dropped(1.9)];
    expect(few).toBeGreaterThan(2);
    expect(few).toBeLessThan(half);
    expect(half).toBeGreaterThan(60);
    expect(half).toBeLessThan(140);
    expect(most).toBeGreaterThan(half);
    expect(most).toBeLessThan(198);
  });

  test("a GSO packet is marked where one of its segments would be, and dropped as rarely as a frame", () => {
    const long = { length: 42 + 100 * 20, segments: 20 };
    const outcomes = (ecn: number) => {
      bench.bulk("tx", ecn, long);
      const sets = bench.flowSets();
      let [marked, dropped] = [0, 0];
      for (let i = 0; i < 100; i++) {
        bench.queue(1.1);
        bench.forget(sets);
        const { verdict, packet } = bench.send("tx", ecn, long);
        if (verdict === "DROP_QUEUE") dropped++;
        else if (packet[15] === 3) marked++;
      }
      return { marked, dropped };
    };
    // A chance of a tenth for a frame is certainty for twenty.
    expect(outcomes(2)).toEqual({ marked: 100, dropped: 0 });
    expect(outcomes(0).dropped).toBeLessThan(35);
    bench.bulk("tx", 2, long);
    bench.forget(bench.flowSets());
    expect(
      bench.told("tx", () => {
        bench.queue(2.5);
        bench.send("tx", 2, long);
      }),
    ).toEqual([20, 0]);
  });

  test("a flow that was told is left alone until it can have heeded it", () => {
    bench.bulk("tx");
    const sets = bench.flowSets();
    /** What becomes of the next packet when the flow was told so long ago, the last of so many times in vain. */
    const after = (milliseconds: number, strikes: number): string => {
      bench.queue(3);
      const began = now();
      const toldMs = Number(began >> 20n) - milliseconds;
      bench.setFlows((each) => ({ ...each, toldMs, strikes, bytes: 3 * FRAME_LENGTH }), sets);
      const { verdict } = bench.send("tx");
      // The machine may have held this process back for longer than the pause that is looked at.
      return now() - began < 10_000_000n ? verdict : after(milliseconds, strikes);
    };
    expect(after(0, 0)).toBe("DROP_QUEUE");
    expect(after(5, 1)).toBe("TO_WIRE");
    expect(after(60, 1)).toBe("DROP_QUEUE");
    // Told in vain four times, it is given half as long; in the end no time at all.
    expect(after(5, 4)).toBe("TO_WIRE");
    expect(after(30, 4)).toBe("DROP_QUEUE");
    expect(after(1, 28)).toBe("DROP_QUEUE");
  });

  test("a flow that keeps within a fair part is told a goal later", () => {
    bench.bulk("tx");
    for (let i = 0; i < 50; i++) {
      bench.queue(1.9, PLENTY);
      expect(bench.send("tx").verdict).toBe("TO_WIRE");
    }
    bench.queue(3.1, PLENTY);
    expect(bench.send("tx").verdict).toBe("DROP_QUEUE");
  });

  test("a flow that takes more than twice a fair part is told four times as often", () => {
    bench.bulk("tx");
    const sets = bench.flowSets();
    for (let i = 0; i < 20; i++) {
      bench.queue(1.26);
      bench.setFlows((each) => ({ ...each, strikes: 0, bytes: 2 * SHORT }), sets);
      expect(bench.send("tx").verdict).toBe("DROP_QUEUE");
    }
  });

  test("what it was told in vain is counted until the queue is within its goal", () => {
    bench.bulk("tx");
    const sets = bench.flowSets();
    const strikes = () => {
      let most = 0;
      bench.setFlows((each) => {
        if (each.strikes > most) most = each.strikes;
        return each;
      }, sets);
      return most;
    };
    bench.setFlows((each) => ({ ...each, strikes: 0 }), sets);
    bench.setClock(SLOT, 0, "TX", { fair: 1000 });
    for (const expected of [1, 2, 3]) {
      bench.queue(3);
      bench.setClock(SLOT, 0, "TX", { fair: 100 });
      expect(bench.send("tx").verdict).toBe("DROP_QUEUE");
      expect(strikes()).toBe(expected);
    }
    bench.queue(0.5);
    bench.send("tx");
    expect(strikes()).toBe(0);
  });

  test("one that sends far more than a fair part is told again at once", () => {
    bench.bulk("tx");
    bench.queue(3);
    bench.setClock(SLOT, 0, "TX", { fair: 100 });
    expect([bench.send("tx"), bench.send("tx")].map(({ verdict }) => verdict)).toEqual(["DROP_QUEUE", "DROP_QUEUE"]);
  });

  test("only the goal of the part counts", () => {
    for (const dscp of [AF41, AF42]) bench.bulk("tx", dscp << 2);
    bench.queue(3);
    expect(bench.send("tx", AF41 << 2).verdict).toBe("DROP_QUEUE");
    expect(bench.send("tx", AF42 << 2)).toMatchObject({ verdict: "TO_WIRE", priority: CLASS + WITHOUT });
  });

  test("a queue of less than two frames is none, however short the goal", () => {
    bench.guest({ goalUs: 1 });
    bench.bulk("tx");
    bench.setClock(SLOT, 0, "TX", { finishNs: Array.from({ length: 8 }, () => now() + 1_000_000n) });
    expect(bench.send("tx").verdict).toBe("TO_WIRE");
  });
});

describe("the virtual queue", () => {
  const finish = (way: Way, part: number) => bench.clock(SLOT, 0, way === "tx" ? "TX" : "RX").finishNs[part] ?? 0n;
  const PACER = Limit.PART_REST;

  test.each(ways)("%s: moves on by wire bytes / limit and a thousandth, and at the pacer's rate", (way) => {
    bench.queue(0.5);
    const before = [0, PACER].map((part) => finish(way, part));
    bench.send(way);
    expect(finish(way, 0) - (before[0] ?? 0n)).toBe(NS_PER_FRAME);
    expect(finish(way, PACER) - (before[1] ?? 0n)).toBe(NS_PER_FRAME - NS_PER_FRAME / 17n);
    expect(finish(way, WITH_GOAL)).toBe(before[0]);
  });

  test("a GSO packet's segments have headers of their own", () => {
    bench.queue(0.5);
    const before = finish("tx", 0);
    bench.send("tx", 0, { length: 42 + 100 * 20, segments: 20 });
    expect(finish("tx", 0) - before).toBe(nsOf(142 * 20));
  });

  test("a class with a goal has its own end, and moves the slice's too", () => {
    bench.queue(0.5);
    const before = finish("tx", 0);
    bench.send("tx", AF41 << 2);
    expect(finish("tx", WITH_GOAL) - before).toBe(NS_PER_FRAME);
    expect(finish("tx", 0) - before).toBe(NS_PER_FRAME);
    bench.send("tx", AF42 << 2);
    expect(finish("tx", 0) - before).toBe(2n * NS_PER_FRAME);
  });

  test("an idle slice has saved up 16 ms of its limit", () => {
    const began = now();
    bench.send("tx");
    const saved = 16_000_000n;
    expect(finish("tx", 0)).toBeGreaterThanOrEqual(began - saved + NS_PER_FRAME);
    expect(finish("tx", 0)).toBeLessThanOrEqual(now() - saved + NS_PER_FRAME);
    expect(finish("tx", PACER)).toBeGreaterThan(began);
  });

  test("what is dropped does not stand in it", () => {
    bench.bulk("tx");
    bench.queue(3);
    const before = finish("tx", 0);
    expect(bench.send("tx").verdict).toBe("DROP_QUEUE");
    expect(finish("tx", 0)).toBe(before);
  });

  test("a slice whose limit is not known has none", () => {
    bench.guest({ slices: [{ nic: 0, mac: MAC, classid: CLASS }] });
    bench.queue(100);
    for (let i = 0; i < 4; i++) expect(bench.send("tx")).toMatchObject({ verdict: "TO_WIRE", priority: REST });
  });
});

test("a capped vif's frames stand in the virtual queue once, before the cap", () => {
  bench.guest({ flags: ["CHECK_MAC", "PARTS", "CAPPED"] });
  bench.spine("CAP", NOWHERE);
  bench.queue(0.5);
  const finish = () => bench.clock(SLOT, 0, "TX").finishNs[0] ?? 0n;
  const before = finish();
  const into = bench.send("tx");
  expect(into).toMatchObject({ verdict: "TO_SPINE", priority: SPARSE });
  expect(finish() - before).toBe(NS_PER_FRAME);
  expect(bench.fromSpine(into.mark, into.packet)).toMatchObject({ verdict: "TO_WIRE", priority: SPARSE });
  expect(finish() - before).toBe(NS_PER_FRAME);
  bench.send("tx");
  bench.send("tx");
  bench.queue(3);
  expect(bench.send("tx").verdict).toBe("DROP_QUEUE");
});

test("before the queue on a vif's own link bulk is told as well", () => {
  bench.nic({ slot: 0 });
  bench.guest({ flags: ["CHECK_MAC", "PARTS", "QUEUED"] });
  for (let i = 0; i < 3; i++) expect(bench.send("rx").verdict).toBe("TO_GUEST");
  bench.queue(3);
  expect(bench.send("rx").verdict).toBe("DROP_QUEUE");
  bench.guest();
  expect(bench.send("rx").verdict).toBe("TO_GUEST");
});

test("TCP is marked as UDP is", () => {
  const frame = (ecn: number) => ethernet({ to: PEER, from: MAC }, ip4(ecn, tcp(bench.flow, 9, new Uint8Array(1460))));
  for (let i = 0; i < 3; i++) bench.fromGuest(SLOT, frame(2));
  bench.queue(2.5);
  expect(bench.fromGuest(SLOT, frame(2)).packet).toEqual(frame(3));
});

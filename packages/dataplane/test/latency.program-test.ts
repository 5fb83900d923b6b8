import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import { checksum, ethernet, ipv4, ipv6, type Layer, raw, tcp, udp } from "./packets.ts";
import { NOWHERE, ProgramBench } from "./program-bench.ts";
import { PEER } from "./test-host.ts";

/*
 * A goal of 10 s at 8 Mbit/s: no test run takes so long that an interval ends under it, and a queue
 * that is given ends at the same place for all packets of a test.
 */
const GOAL_NS = 10_000_000_000n;
const GOAL_US = Number(GOAL_NS / 1000n);
const RATE = 1_000_000;
const SLOT = 2;
const MAC = "52:54:00:00:04:02";
const CLASS = (Limit.HTB_MAJOR * 0x10000 + 8 * (SLOT + 1)) >>> 0;
const [SPARSE, REST] = [CLASS + Limit.PART_SPARSE, CLASS + Limit.PART_REST];
const [AF41, AF42] = [34, 36];
/** Of the frames that are sent here: a class with a goal of its own, and one without. */
const WITH_GOAL = 1;
const WITHOUT = 2;
/** Two of them are within a sparse flow's allowance of 3028 bytes, a third is not. */
const FRAME_LENGTH = 1514;
const nsOf = (bytes: number): bigint => {
  const exact = BigInt((bytes * 1_000_000_000) / RATE);
  return exact + (exact >> 10n);
};
const NS_PER_FRAME = nsOf(FRAME_LENGTH);

const now = () => process.hrtime.bigint();
const bench = new ProgramBench();
afterAll(() => bench[Symbol.dispose]());
let flow = 0;

beforeEach(() => {
  flow++;
  bench.nic({ slot: 0, inIfindex: NOWHERE });
  guest();
  bench.rules(
    SLOT,
    [
      { part: WITH_GOAL, dscp: [AF41] },
      { part: WITHOUT, dscp: [AF42] },
    ],
    [{ part: WITH_GOAL, goalUs: GOAL_US }, { part: WITHOUT }],
  );
  queue(0);
});

function guest(more: Parameters<ProgramBench["vif"]>[0] | object = {}): void {
  const slices = [{ nic: 0, mac: MAC, classid: CLASS, txBytesPerS: RATE, rxBytesPerS: RATE }];
  bench.vif({ slot: SLOT, mac: MAC, flags: ["CHECK_MAC", "PARTS"], goalUs: GOAL_US, slices, ...more });
}

/** A fair part of an interval that three frames exceed, and six do not exceed twice. */
const SHORT = 4000;
const PLENTY = 10_000_000;

/** Makes the virtual queue so many goals long, both ways and for all parts, with an interval just begun. */
function queue(goals: number, fair = goals === 0 ? PLENTY : SHORT): void {
  const end = now() + BigInt(Math.round(goals * 1000)) * (GOAL_NS / 1000n);
  for (const direction of ["TX", "RX"] as const) {
    const clock = { finishNs: Array.from({ length: 8 }, () => (goals === 0 ? 0n : end)), intervalNs: now() };
    bench.setClock(SLOT, 0, direction, { ...clock, flows: 0, fair });
  }
}

type Way = "tx" | "rx";
const ip4 = (tos: number, inside: Layer) => ipv4({ from: "10.0.0.1", to: "10.0.0.9", tos }, inside);
const ip6 = (tos: number, inside: Layer) => ipv6({ from: "fd00::1", to: "fd00::9", tos }, inside);
/** One frame of the test's flow, or of another. */
function send(way: Way, tos = 0, { length = FRAME_LENGTH, ip = ip4, id = flow, segments = 1 } = {}) {
  const head = ip === ip4 ? 42 : 62;
  const inside = ip(tos, udp(id, 9, new Uint8Array(length - head)));
  const context = segments > 1 ? { gsoSegments: segments, gsoSize: Math.ceil((length - head) / segments) } : {};
  return way === "tx"
    ? bench.fromGuest(SLOT, ethernet({ to: PEER, from: MAC }, inside), context)
    : bench.fromWire(0, ethernet({ to: MAC, from: PEER }, inside), context);
}
/** Makes the test's flow a bulk one, with no queue to wait in. */
function bulk(way: Way, tos = 0, options = {}) {
  queue(0);
  for (let i = 0; i < 3; i++) send(way, tos, options);
}
/** As if no flow had been told lately, or sent more than bulk() in this interval. */
const forget = (sets: readonly number[]) =>
  bench.setFlows((each) => ({ ...each, strikes: 0, bytes: 3 * FRAME_LENGTH }), sets);
const ways = ["tx", "rx"] as const;
const told = (way: Way) => {
  const counters = bench.counters(SLOT, 0);
  return way === "tx" ? [counters.txCeMarks, counters.txAqmDrops] : [counters.rxCeMarks, counters.rxAqmDrops];
};
const since = (way: Way, work: () => void) => {
  const before = told(way);
  work();
  return told(way).map((value, index) => Number(value - (before[index] ?? 0n)));
};

describe("sparse flows", () => {
  test.each(ways)("%s: two frames in an interval, then the flow is bulk and stays so", (way) => {
    const parts = Array.from({ length: 5 }, () => send(way).priority);
    expect(parts).toEqual([SPARSE, SPARSE, REST, REST, REST]);
    // For as long as its last packet may wait.
    queue(0.5);
    send(way);
    bench.setClock(SLOT, 0, way === "tx" ? "TX" : "RX", { intervalNs: 0n });
    expect(send(way, 0, { length: 60 }).priority).toBe(REST);
  });

  test("each flow by itself", () => {
    bulk("tx");
    expect(send("tx").priority).toBe(REST);
    expect(send("tx", 0, { id: flow + 1000 }).priority).toBe(SPARSE);
  });

  test("a new interval gives a sparse flow a new allowance", () => {
    expect([send("tx"), send("tx")].map(({ priority }) => priority)).toEqual([SPARSE, SPARSE]);
    bench.setClock(SLOT, 0, "TX", { intervalNs: 0n });
    expect([send("tx"), send("tx"), send("tx")].map(({ priority }) => priority)).toEqual([SPARSE, SPARSE, REST]);
  });

  test("the more flows, the less each may send: half of a fair part", () => {
    // 10 MB in an interval of 10 s; 5000 flows may send 1000 bytes each.
    bench.setClock(SLOT, 0, "TX", { intervalNs: now() - GOAL_NS - 1_000_000_000n, flows: 5000 });
    expect(send("tx", 0, { length: 900 }).priority).toBe(SPARSE);
    expect(bench.clock(SLOT, 0, "TX")).toMatchObject({ fair: 2000, flows: 1, flowsBefore: 5000 });
    expect(send("tx", 0, { length: 101 }).priority).toBe(REST);
  });

  test("flows are counted once in an interval", () => {
    for (let i = 0; i < 3; i++) for (const id of [1, 2, 3, 4]) send("tx", 0, { id: id + 2000, length: 60 });
    expect(bench.clock(SLOT, 0, "TX").flows).toBe(4);
  });

  test("a bulk flow is sparse again when its last packet has certainly left, and not before", () => {
    bulk("tx");
    bench.setClock(SLOT, 0, "TX", { intervalNs: 0n });
    bench.setFlows((each) => ({ ...each, bulkUntilNs: now() + GOAL_NS }));
    expect(send("tx", 0, { length: 60 }).priority).toBe(REST);
    bench.setFlows((each) => ({ ...each, bulkUntilNs: now() - 1n }));
    expect(send("tx", 0, { length: 60 }).priority).toBe(SPARSE);
  });

  test("a bulk flow stays one until the queue before it is over", () => {
    bulk("tx");
    queue(0.5);
    send("tx");
    let until = 0n;
    bench.setFlows((each) => {
      if (each.bulkUntilNs > until) until = each.bulkUntilNs;
      return each;
    });
    const left = until - now();
    expect(Number(left) / Number(GOAL_NS)).toBeGreaterThan(0.1);
    expect(Number(left) / Number(GOAL_NS)).toBeLessThan(0.51);
  });

  test("what is no IP is a flow as well", () => {
    const frame = ethernet({ to: PEER, from: MAC }, raw(new Uint8Array(1500).fill(flow)));
    const parts = Array.from({ length: 3 }, () => bench.fromGuest(SLOT, frame).priority);
    expect(parts).toEqual([SPARSE, SPARSE, REST]);
  });

  test("of a class they stay in the class", () => {
    const parts = Array.from({ length: 3 }, () => send("tx", AF41 << 2).priority);
    expect(parts).toEqual([CLASS + WITH_GOAL, CLASS + WITH_GOAL, CLASS + WITH_GOAL]);
  });

  test("without a goal for the rest there is no part for them, and no clock", () => {
    guest({ goalUs: 0 });
    bench.setClock(SLOT, 0, "TX", { finishNs: Array.from({ length: 8 }, () => 0n), intervalNs: 0n });
    expect(send("tx").priority).toBe(REST);
    expect(bench.clock(SLOT, 0, "TX")).toMatchObject({ intervalNs: 0n, finishNs: Array.from({ length: 8 }, () => 0n) });
  });
});

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
    bulk(way, before, { ip });
    queue(goals);
    const [marked, dropped] = since(way, () => {
      const result = send(way, before, { ip });
      if (after === undefined) expect(result).toMatchObject({ verdict: "DROP_QUEUE", returned: 2 });
      else {
        expect(result.priority).toBe(REST);
        expect(result.packet.slice(14)).toEqual(
          ip(after, udp(flow, 9, new Uint8Array(1514 - (ip === ip4 ? 42 : 62)))).bytes(new Uint8Array()),
        );
        if (ip === ip4) expect(checksum(result.packet.slice(14, 34))).toBe(0);
      }
    });
    expect([marked, dropped]).toEqual([marks, after === undefined ? 1 : 0]);
  });

  test.each(ways)("%s: a sparse flow is neither marked nor dropped", (way) => {
    for (const ecn of [0, 2]) {
      flow += 500;
      queue(100);
      const result = send(way, ecn, { length: 100 });
      expect(result.priority).toBe(SPARSE);
      expect(result.packet[15]).toBe(ecn);
    }
  });

  test("between one goal and two the chance grows", () => {
    bulk("tx");
    const sets = bench.flowSets();
    const dropped = (goals: number) => {
      let count = 0;
      for (let i = 0; i < 200; i++) {
        queue(goals);
        forget(sets);
        if (send("tx").verdict === "DROP_QUEUE") count++;
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
      bulk("tx", ecn, long);
      const sets = bench.flowSets();
      let [marked, dropped] = [0, 0];
      for (let i = 0; i < 100; i++) {
        queue(1.1);
        forget(sets);
        const { verdict, packet } = send("tx", ecn, long);
        if (verdict === "DROP_QUEUE") dropped++;
        else if (packet[15] === 3) marked++;
      }
      return { marked, dropped };
    };
    // A chance of a tenth for a frame is certainty for twenty.
    expect(outcomes(2)).toEqual({ marked: 100, dropped: 0 });
    expect(outcomes(0).dropped).toBeLessThan(35);
    bulk("tx", 2, long);
    forget(bench.flowSets());
    expect(
      since("tx", () => {
        queue(2.5);
        send("tx", 2, long);
      }),
    ).toEqual([20, 0]);
  });

  test("a flow that was told is left alone until it can have heeded it", () => {
    bulk("tx");
    const sets = bench.flowSets();
    /** What becomes of the next packet when the flow was told so long ago, the last of so many times in vain. */
    const after = (milliseconds: number, strikes: number): string => {
      queue(3);
      const began = now();
      const toldMs = Number(began >> 20n) - milliseconds;
      bench.setFlows((each) => ({ ...each, toldMs, strikes, bytes: 3 * FRAME_LENGTH }), sets);
      const { verdict } = send("tx");
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
    bulk("tx");
    for (let i = 0; i < 50; i++) {
      queue(1.9, PLENTY);
      expect(send("tx").verdict).toBe("TO_WIRE");
    }
    queue(3.1, PLENTY);
    expect(send("tx").verdict).toBe("DROP_QUEUE");
  });

  test("a flow that takes more than twice a fair part is told four times as often", () => {
    bulk("tx");
    const sets = bench.flowSets();
    for (let i = 0; i < 20; i++) {
      queue(1.26);
      bench.setFlows((each) => ({ ...each, strikes: 0, bytes: 2 * SHORT }), sets);
      expect(send("tx").verdict).toBe("DROP_QUEUE");
    }
  });

  test("what it was told in vain is counted until the queue is within its goal", () => {
    bulk("tx");
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
      queue(3);
      bench.setClock(SLOT, 0, "TX", { fair: 100 });
      expect(send("tx").verdict).toBe("DROP_QUEUE");
      expect(strikes()).toBe(expected);
    }
    queue(0.5);
    send("tx");
    expect(strikes()).toBe(0);
  });

  test("one that sends far more than a fair part is told again at once", () => {
    bulk("tx");
    queue(3);
    bench.setClock(SLOT, 0, "TX", { fair: 100 });
    expect([send("tx"), send("tx")].map(({ verdict }) => verdict)).toEqual(["DROP_QUEUE", "DROP_QUEUE"]);
  });

  test("only the goal of the part counts", () => {
    for (const dscp of [AF41, AF42]) bulk("tx", dscp << 2);
    queue(3);
    expect(send("tx", AF41 << 2).verdict).toBe("DROP_QUEUE");
    expect(send("tx", AF42 << 2)).toMatchObject({ verdict: "TO_WIRE", priority: CLASS + WITHOUT });
  });

  test("a queue of less than two frames is none, however short the goal", () => {
    guest({ goalUs: 1 });
    bulk("tx");
    bench.setClock(SLOT, 0, "TX", { finishNs: Array.from({ length: 8 }, () => now() + 1_000_000n) });
    expect(send("tx").verdict).toBe("TO_WIRE");
  });
});

describe("the virtual queue", () => {
  const finish = (way: Way, part: number) => bench.clock(SLOT, 0, way === "tx" ? "TX" : "RX").finishNs[part] ?? 0n;
  const PACER = Limit.PART_REST;

  test.each(ways)("%s: moves on by wire bytes / limit and a thousandth, and at the pacer's rate", (way) => {
    queue(0.5);
    const before = [0, PACER].map((part) => finish(way, part));
    send(way);
    expect(finish(way, 0) - (before[0] ?? 0n)).toBe(NS_PER_FRAME);
    expect(finish(way, PACER) - (before[1] ?? 0n)).toBe(NS_PER_FRAME - NS_PER_FRAME / 17n);
    expect(finish(way, WITH_GOAL)).toBe(before[0]);
  });

  test("a GSO packet's segments have headers of their own", () => {
    queue(0.5);
    const before = finish("tx", 0);
    send("tx", 0, { length: 42 + 100 * 20, segments: 20 });
    expect(finish("tx", 0) - before).toBe(nsOf(142 * 20));
  });

  test("a class with a goal has its own end, and moves the slice's too", () => {
    queue(0.5);
    const before = finish("tx", 0);
    send("tx", AF41 << 2);
    expect(finish("tx", WITH_GOAL) - before).toBe(NS_PER_FRAME);
    expect(finish("tx", 0) - before).toBe(NS_PER_FRAME);
    send("tx", AF42 << 2);
    expect(finish("tx", 0) - before).toBe(2n * NS_PER_FRAME);
  });

  test("an idle slice has saved up 16 ms of its limit", () => {
    const began = now();
    send("tx");
    const saved = 16_000_000n;
    expect(finish("tx", 0)).toBeGreaterThanOrEqual(began - saved + NS_PER_FRAME);
    expect(finish("tx", 0)).toBeLessThanOrEqual(now() - saved + NS_PER_FRAME);
    expect(finish("tx", PACER)).toBeGreaterThan(began);
  });

  test("what is dropped does not stand in it", () => {
    bulk("tx");
    queue(3);
    const before = finish("tx", 0);
    expect(send("tx").verdict).toBe("DROP_QUEUE");
    expect(finish("tx", 0)).toBe(before);
  });

  test("a slice whose limit is not known has none", () => {
    guest({ slices: [{ nic: 0, mac: MAC, classid: CLASS }] });
    queue(100);
    for (let i = 0; i < 4; i++) expect(send("tx")).toMatchObject({ verdict: "TO_WIRE", priority: REST });
  });
});

test("a capped vif's frames stand in the virtual queue once, before the cap", () => {
  guest({ flags: ["CHECK_MAC", "PARTS", "CAPPED"] });
  bench.spine("CAP", NOWHERE);
  queue(0.5);
  const finish = () => bench.clock(SLOT, 0, "TX").finishNs[0] ?? 0n;
  const before = finish();
  const into = send("tx");
  expect(into).toMatchObject({ verdict: "TO_SPINE", priority: SPARSE });
  expect(finish() - before).toBe(NS_PER_FRAME);
  expect(bench.fromSpine(into.mark, into.packet)).toMatchObject({ verdict: "TO_WIRE", priority: SPARSE });
  expect(finish() - before).toBe(NS_PER_FRAME);
  send("tx");
  send("tx");
  queue(3);
  expect(send("tx").verdict).toBe("DROP_QUEUE");
});

test("before the queue on a vif's own link bulk is told as well", () => {
  bench.nic({ slot: 0 });
  guest({ flags: ["CHECK_MAC", "PARTS", "QUEUED"] });
  for (let i = 0; i < 3; i++) expect(send("rx").verdict).toBe("TO_GUEST");
  queue(3);
  expect(send("rx").verdict).toBe("DROP_QUEUE");
  guest();
  expect(send("rx").verdict).toBe("TO_GUEST");
});

test("TCP is marked as UDP is", () => {
  const frame = (ecn: number) => ethernet({ to: PEER, from: MAC }, ip4(ecn, tcp(flow, 9, new Uint8Array(1460))));
  for (let i = 0; i < 3; i++) bench.fromGuest(SLOT, frame(2));
  queue(2.5);
  expect(bench.fromGuest(SLOT, frame(2)).packet).toEqual(frame(3));
});

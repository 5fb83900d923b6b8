import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import { indexKey } from "../src/map-keys.ts";
import { arp, BROADCAST, ethernet, ipv4, raw, udp } from "./packets.ts";
import { MAC, MILLISECOND, now, PathBench, RATE, SECOND, SLOT } from "./path-bench.ts";
import { NOWHERE } from "./program-bench.ts";
import { PEER } from "./test-host.ts";

const bench = new PathBench();
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => bench.begin());

/** A moment that no test run lasts until. */
const later = (milliseconds = 0): bigint => now() + 20n * SECOND + BigInt(milliseconds * 1000) * 1000n;
/** Longer than GONA_GAP_NS. */
const PAUSE = 6n * MILLISECOND;
const before = (end: bigint, microseconds: number): bigint => end - BigInt(microseconds) * 1000n;
const after = (end: bigint, microseconds: number): bigint => end + BigInt(microseconds) * 1000n;

describe("a new flow", () => {
  test("leaves by its bucket's slice, and is known from then on", () => {
    const began = now();
    expect(bench.next()).toBe(0);
    expect(bench.path()).toMatchObject({ own: true, slice: 0, before: 0, moves: 0 });
    expect(bench.path().sinceNs).toBeGreaterThan(began);
  });

  test.each([
    { longer: 600, slice: 1 },
    { longer: 400, slice: 0 },
    { longer: -600, slice: 0 },
  ])("leaves by slice $slice where its bucket's queue is $longer us longer", ({ longer, slice }) => {
    const end = later();
    bench.queues(after(end, longer), end);
    expect(bench.next()).toBe(slice);
    expect(bench.path()).toMatchObject({ slice, moves: 0 });
  });

  test("does not leave by a NIC that is dead, however short its queue", () => {
    bench.nic({ slot: 1, up: false });
    bench.queues(later(), 0n);
    expect(bench.next()).toBe(0);
  });
});

describe("a flow that is known", () => {
  test("stays while its last packet may not be out, however much longer the queue elsewhere is believed to be", () => {
    const departs = later();
    bench.known(0, departs);
    bench.queues(after(departs, 100_000), after(departs, 5000));
    expect(bench.next()).toBe(0);
    expect(bench.path()).toMatchObject({ slice: 0, moves: 0 });
  });

  test("goes once its last packet is out, and is known there", () => {
    const end = later();
    bench.known(0, now() - PAUSE);
    bench.queues(after(end, 100_000), end);
    expect(bench.next()).toBe(1);
    expect(bench.path()).toMatchObject({ slice: 1, before: 0, moves: 1 });
  });

  test("goes after a pause, where another queue is clearly shorter", () => {
    bench.known(0, now() - PAUSE);
    bench.queues(later(), 0n);
    expect(bench.next()).toBe(1);
  });

  test.each([
    { longer: 600, slice: 1 },
    { longer: 400, slice: 0 },
  ])("stays in its bucket's slice whose queue is less than 0.5 ms longer: $longer us", ({ longer, slice }) => {
    const end = later();
    bench.known(0, now() - PAUSE);
    bench.queues(after(end, longer), end);
    expect(bench.next()).toBe(slice);
  });

  test.each([
    { longer: 0, slice: 0 },
    { longer: 200, slice: 0 },
    { longer: 300, slice: 1 },
  ])("returns to its bucket's slice whose queue is no worse: $longer us", ({ longer, slice }) => {
    const end = later();
    bench.known(1, now() - PAUSE);
    bench.queues(after(end, longer), end);
    expect(bench.next()).toBe(slice);
  });

  test("does not leave an idle slice for a faster one", () => {
    bench.drain(1, 100 * RATE);
    bench.known(0, now() - PAUSE);
    expect(bench.next()).toBe(0);
    bench.queues(0n, 0n);
    bench.known(1, now() - PAUSE);
    expect(bench.next()).toBe(0);
  });

  test("does not leave its bucket's slice for a faster one while only a burst or two wait there", () => {
    bench.drain(1, 100 * RATE);
    bench.known(0, now() - PAUSE);
    bench.queues(now() + 10n * MILLISECOND, 0n);
    expect(bench.next()).toBe(0);
  });

  test("does not leave its bucket's slice for one where it would be out later, though that is idle", () => {
    bench.drain(1, 1);
    bench.known(0, now() - PAUSE);
    bench.queues(later(), 0n);
    expect(bench.next()).toBe(0);
  });

  test("does not return while it could overtake itself", () => {
    bench.known(1, later());
    expect([bench.next(), bench.next()]).toEqual([1, 1]);
    expect(bench.path()).toMatchObject({ slice: 1, moves: 0 });
  });

  test("leaves a dead NIC at once, and is no failover of its bucket's", () => {
    bench.known(1, later());
    bench.nic({ slot: 1, up: false });
    const failovers = bench.counters(SLOT, 0).failovers + bench.counters(SLOT, 1).failovers;
    const result = bench.send();
    expect(result.verdict).toBe("TO_WIRE");
    expect(bench.sliceOf(result)).toBe(0);
    expect(bench.path()).toMatchObject({ slice: 0, before: 1, moves: 1 });
    expect(bench.counters(SLOT, 0).failovers + bench.counters(SLOT, 1).failovers).toBe(failovers);
  });

  test("does not go from a dead NIC to another dead one", () => {
    bench.nic({ slot: 0, up: false });
    bench.known(0, later());
    const failovers = bench.counters(SLOT, 0).failovers;
    const result = bench.send();
    expect([result.verdict, bench.sliceOf(result)]).toEqual(["TO_WIRE_FAILOVER", 1]);
    expect(bench.counters(SLOT, 0).failovers - failovers).toBe(1n);
    bench.nic({ slot: 1, up: false });
    expect(bench.send().verdict).toBe("DROP_NO_SLICE");
  });

  test("comes back from a failover after a pause alone", () => {
    bench.nic({ slot: 0, up: false });
    expect(bench.next()).toBe(1);
    bench.nic({ slot: 0 });
    bench.known(1, later());
    expect(bench.next()).toBe(1);
    bench.known(1, now() - PAUSE);
    expect(bench.next()).toBe(0);
  });

  test("follows its bucket to another slice after a pause alone", () => {
    bench.known(0, later());
    bench.guest(["FLOWLET"], { bucket: () => 1 });
    expect(bench.next()).toBe(0);
    bench.known(0, now() - PAUSE);
    expect(bench.next()).toBe(1);
  });
});

describe("places of flows", () => {
  test("two vifs do not share them", () => {
    bench.known(1, later(), { slot: SLOT + 1 });
    expect(bench.next()).toBe(0);
    expect(bench.path()).toMatchObject({ own: true, slice: 0 });
    expect(bench.path(bench.port, SLOT + 1)).toMatchObject({ own: true, slice: 1 });
  });

  test("one that another flow used in the last second stays its own, and this flow keeps to its bucket", () => {
    bench.known(1, now(), { check: 77 });
    bench.queues(later(), 0n);
    expect(bench.next()).toBe(0);
    expect(bench.path()).toMatchObject({ check: 77, slice: 1 });
  });

  test("one that has been idle for longer is taken", () => {
    bench.known(0, now() - 2n * SECOND, { check: 77 });
    bench.queues(later(), 0n);
    expect(bench.next()).toBe(1);
    expect(bench.path()).toMatchObject({ own: true, slice: 1, before: 1, moves: 0 });
  });
});

describe("the virtual queue", () => {
  const nsOf = (bytes: number, rate = RATE): bigint => {
    const exact = BigInt((bytes * 1e9) / rate);
    return exact + (exact >> 10n);
  };

  test("moves on with each packet, and says when the flow's last one is out", () => {
    const end = now() + 5n * SECOND;
    bench.queues(end, 0n);
    bench.known(0, later());
    bench.send(1000);
    expect(bench.finish(0)).toBe(end + nsOf(1000));
    bench.known(0, 0n);
    bench.queues(end + SECOND, end + SECOND);
    bench.send(1000);
    expect(bench.path().departsNs).toBe(bench.finish(0));
  });

  test("drains at what neighbours leave, where that is known", () => {
    const end = now() + 5n * SECOND;
    for (const slice of [0, 1]) bench.drain(slice, RATE / 4);
    bench.queues(end, end);
    bench.send(1000);
    expect(bench.finish(0)).toBe(end + nsOf(1000, RATE / 4));
  });

  test("holds what a leaf has room for: 150,000 bytes at this limit", () => {
    const end = now() + 100n * SECOND;
    bench.queues(end, end);
    bench.send(1000);
    expect(bench.finish(0)).toBe(end);
  });

  test("holds no packet of a vif whose buckets alone decide", () => {
    bench.guest([]);
    bench.queues(0n, 0n);
    bench.send(1000);
    expect(bench.finish(0)).toBe(0n);
  });
});

describe("bytes by bucket", () => {
  test("are those on the wire, each segment with its headers", () => {
    const bucket = bench.hashOf() % Limit.BUCKETS;
    bench.send(100);
    bench.send(42 + 100 * 35, 35);
    expect(bench.bucketBytes(bucket)).toBe(100n + 35n * 142n);
    expect(bench.bucketBytes((bucket + 1) % Limit.BUCKETS)).toBe(0n);
  });

  test("are counted for a fast flow when they are many, or a millisecond later", () => {
    const bucket = bench.hashOf() % Limit.BUCKETS;
    const total = () => bench.bucketBytes(bucket) + BigInt(bench.path().bytes);
    for (let i = 1; i <= 100; i++) {
      bench.send(100);
      expect(total()).toBe(BigInt(100 * i));
      expect(bench.path().bytes).toBeLessThan(4096);
    }
  });

  test("are not counted of other vifs, nor missed where nobody counts", () => {
    bench.guest([]);
    bench.send();
    expect(bench.bucketBytes(bench.hashOf() % Limit.BUCKETS)).toBe(0n);
    bench.guest(["FLOWLET"]);
    bench.object.map("gona_bucket_bytes").delete(indexKey(SLOT));
    expect(bench.next()).toBe(0);
  });
});

describe("what is no flow", () => {
  test("ARP keeps to its bucket's slice, however long the queue", () => {
    bench.queues(later(), 0n);
    const frame = ethernet(
      { to: BROADCAST, from: MAC },
      arp({ op: "request", senderMac: MAC, sender: "10.0.0.1", target: "10.0.0.9" }),
    );
    expect(bench.sliceOf(bench.fromGuest(SLOT, frame))).toBe(0);
  });

  test("all fragments of a datagram go one way, by what was known of the first", () => {
    for (const flag of ["FLOWLET", "STRIPE"] as const) {
      bench.begin();
      bench.guest([flag]);
      const fragment = (offset: number) =>
        ethernet(
          { to: PEER, from: MAC },
          ipv4(
            { from: "10.0.1.1", to: `10.0.1.${bench.port}`, fragment: { offset, more: offset < 16 }, protocol: 17 },
            offset === 0 ? udp(offset, 9) : raw(new Uint8Array(64)),
          ),
        );
      const end = later();
      bench.queues(end, after(end, 100));
      const first = bench.sliceOf(bench.fromGuest(SLOT, fragment(0)));
      // A stripe would go on by the other: it is out 0.9 ms sooner.
      bench.queues(end, before(end, 900));
      const rest = [8, 16].map((offset) => bench.sliceOf(bench.fromGuest(SLOT, fragment(offset))));
      expect([first, ...rest], flag).toEqual([0, 0, 0]);
    }
  });
});

describe("in parts", () => {
  test("a flow moves after a pause alone: its part of another queue may be empty", () => {
    bench.guest(["FLOWLET", "PARTS"]);
    const departs = later();
    bench.known(0, departs);
    bench.queues(after(departs, 100_000), after(departs, 50_000));
    bench.send();
    expect(bench.path()).toMatchObject({ slice: 0, moves: 0 });
    bench.known(0, now() - PAUSE);
    bench.send();
    expect(bench.path()).toMatchObject({ slice: 1, moves: 1 });
  });

  test("with a latency goal a packet stands in the queue once", () => {
    bench.guest(["FLOWLET", "PARTS"], { goalUs: 10_000_000 });
    const end = now() + 5n * SECOND;
    bench.queues(end, end);
    bench.send(1000);
    const once = bench.finish(0) - end;
    expect(once).toBe(100_097_656n);
  });
});

describe("behind the cap over all NICs", () => {
  test("the slice is chosen when the packet comes out of it", () => {
    bench.guest(["FLOWLET", "CAPPED"]);
    bench.spine("CAP", NOWHERE);
    const into = bench.send(1000);
    expect(into.verdict).toBe("TO_SPINE");
    expect([bench.finish(0), bench.finish(1)]).toEqual([0n, 0n]);
    bench.queues(later(), 0n);
    expect(bench.sliceOf(bench.fromSpine(into.mark, into.packet))).toBe(1);
    expect(bench.path()).toMatchObject({ own: true, slice: 1 });
    expect(bench.finish(1)).toBeGreaterThan(0n);
  });

  test("with a latency goal a packet leaves the queue of the slice that it does not leave by", () => {
    bench.guest(["FLOWLET", "PARTS", "CAPPED"], { goalUs: 10_000_000 });
    bench.spine("CAP", NOWHERE);
    const end = now() + 5n * SECOND;
    bench.queues(end, end);
    bench.known(1, 1n);
    const into = bench.send(1000);
    expect([bench.finish(0) - end, bench.finish(1) - end]).toEqual([0n, 100_097_656n]);
    expect(bench.fromSpine(into.mark, into.packet).verdict).toBe("TO_WIRE");
    expect(bench.path()).toMatchObject({ slice: 0, moves: 1 });
    expect([bench.finish(0) - end, bench.finish(1) - end]).toEqual([100_097_656n, 0n]);
  });
});

describe("stripe", () => {
  beforeEach(() => bench.guest(["STRIPE"]));

  test.each([
    { early: 900, slice: 1 },
    { early: 1100, slice: 0 },
  ])("a packet may be out $early us before the one sent earlier: by slice $slice", ({ early, slice }) => {
    const departs = later();
    bench.known(0, departs);
    // It takes 10 ms itself.
    bench.queues(after(departs, 100_000), before(departs, early + 10_000));
    expect(bench.next()).toBe(slice);
  });

  test("each packet leaves by the slice that lets it out first, its own length counted", () => {
    // So slow that the test's own time does not matter: a packet takes 100 ms and 33 ms.
    const slices = [RATE, 3 * RATE].map((txBytesPerS, nic) => ({
      nic,
      mac: MAC,
      classid: 0xa09a0008 + 8 * nic,
      txBytesPerS,
    }));
    bench.guest(["STRIPE"], { slices });
    const end = now() + SECOND;
    bench.queues(end, end);
    const sent = [0, 0];
    for (let i = 0; i < 40; i++) {
      const slice = bench.sliceOf(bench.send(1000));
      sent[slice] = (sent[slice] ?? 0) + 1;
    }
    expect(sent).toEqual([10, 30]);
  });

  test("never by a dead NIC", () => {
    bench.nic({ slot: 0, up: false });
    bench.queues(0n, later());
    expect([bench.next(), bench.next()]).toEqual([1, 1]);
  });
});

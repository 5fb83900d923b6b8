import { expect, test } from "vitest";
import { waitUntil } from "../src/bed/wait-until.ts";
import { RunningLoad } from "../src/bench/load/running-load.ts";
import type { BenchSpec } from "../src/bench/qos-bed/bench-spec.ts";
import { QosBed } from "../src/bench/qos-bed/qos-bed.ts";

const SPEC: BenchSpec = {
  nics: [{ name: "eth1", capacity: "1Gbit" }],
  guests: [{ name: "guest0", aggregate: { slices: [{ nic: "eth1" }] } }],
};
const PLENTY = 1_000_000n;

test("a load waits for its go, reaches both far ends, and is told by what it offered", async () => {
  await using bed = await QosBed.bridged("qt-load", SPEC, "one");
  const flows = [bed.egressFlow(0, "eth1"), bed.ingressFlow(0)];
  const sources = [
    bed.source(0, "egress", { kind: "tcp", congestion: "cubic", flows: 3 }),
    bed.source(0, "ingress", { kind: "udp", datagramBytes: 1000, bitsPerSecond: 50e6, flows: 2 }),
  ];
  await using load = await RunningLoad.prepare(bed.loadHost, "load", sources);
  const handshakes = bed.read(flows).map((flow) => flow?.bytes ?? 0n);
  expect(handshakes[0]).toBeLessThan(2000n);
  expect(handshakes[1]).toBeLessThan(2000n);

  const beganMs = Date.now();
  load.go();
  const arrived = () => bed.read(flows).every((flow) => (flow?.bytes ?? 0n) > PLENTY);
  await waitUntil("both directions carry", () => (arrived() ? true : undefined), { withinMs: 60_000 });
  const offered = () => load.offeredBitsPerSecond(1, beganMs, Date.now());
  const rate = await waitUntil("the sender has told twice", offered, { withinMs: 60_000 });
  expect(rate).toBeGreaterThan(0);
  // It makes up for a time in which it could not run, and that may be most of the time that was looked at.
  expect(rate).toBeLessThan(150e6);
  expect(load.offeredBitsPerSecond(0, beganMs, Date.now()), "TCP offers what it is let").toBe(0);
  await load.stop();
});

import { readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import type { Qdisc } from "../kernel-op.ts";
import { offersQdisc } from "./offers-qdisc.ts";

test("a qdisc that the kernel has is offered, one that it refuses is not, and the thread is back where it was", () => {
  const namespace = () => readlinkSync("/proc/thread-self/ns/net");
  const before = namespace();
  expect(offersQdisc({ kind: "tbf", rateBytesPerSecond: 1e9, bufferTicks: 100, limitBytes: 100_000 })).toBe(true);
  // HTB is carried out by no loopback.
  const refused: Qdisc = { kind: "htb", defaultMinor: 1, directQueueLength: 1, offload: true };
  expect(offersQdisc(refused)).toBe(false);
  expect(namespace()).toBe(before);
});

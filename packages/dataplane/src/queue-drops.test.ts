import type { Kernel } from "@gona/kernel";
import { tcHandle } from "@gona/kernel";
import { expect, it } from "vitest";
import { readQueueDrops } from "./queue-drops.ts";

const sent = (drops: bigint) => ({ sent: { bytes: 0n, packets: 0n, drops, backlogBytes: 0n } });
const htb = (minor: number) => tcHandle(0xa09a, minor);

/** Two slots; the first has a leaf and a flow inside an fq_codel, the second two parts. */
const kernel = {
  link: (name: string) => (name === "eth1" ? {} : undefined),
  classes: () => [
    { classid: htb(1), ...sent(100n) },
    { classid: htb(8), ...sent(3n) },
    { classid: tcHandle(0x8001, 5), ...sent(50n) },
    { classid: htb(17), ...sent(5n) },
    { classid: htb(23), ...sent(2n) },
  ],
  qdiscs: () => [
    { parent: htb(8), drops: 40 },
    { parent: tcHandle(8, 1), drops: 37 },
    { parent: htb(17), drops: 1 },
    { parent: htb(23) },
  ],
} as unknown as Kernel;

it("counts what a slice's queues dropped, what fq_codel dropped later included, and nothing twice", () => {
  expect([...readQueueDrops(kernel, "eth1", true)]).toEqual([
    [0, 40n],
    [1, 7n],
  ]);
});

it("asks no leaf where there is no fq_codel", () => {
  const asked = { ...kernel, qdiscs: () => expect.unreachable() } as Kernel;
  expect(readQueueDrops(asked, "eth1", false).get(0)).toBe(3n);
  expect(readQueueDrops(kernel, "eth9", true).size).toBe(0);
});

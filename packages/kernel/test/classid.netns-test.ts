import { expect, test } from "vitest";
import { type KernelOp, TC_CLSACT, tcHandle } from "../src/kernel-op.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { PacketSender } from "../src/packet/packet-sender.ts";
import { loadFixture } from "./bpf-fixture.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-k-classid";
const FAR = "gona-k-classid-far";

/** The whole data path rests on it: the program learns its slot from the filter, without a map lookup. */
test("a filter hands its classid to the program as skb->tc_classid, and a replacement takes over at once", async () => {
  using _namespaces = testNamespaces(HUB, FAR);
  using bpf = loadFixture();
  using kernel = LinuxKernel.open({ netns: HUB });
  kernel.useBpf(bpf);
  const filter = (classid: number): KernelOp => ({
    op: "filterReplace",
    link: "nic0",
    preference: 1,
    program: "test_count",
    classid,
  });
  await kernel.run([
    { op: "vethCreate", link: "nic0", peer: { netns: FAR, name: "far", mac: "02:00:00:00:00:01", addresses: [] } },
    { op: "linkSet", link: "nic0", up: true },
    { op: "qdiscReplace", link: "nic0", parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
  ]);
  const counted = (slot: number): number => {
    const value = kernel.map("test_slots").get(new Uint8Array([slot, 0, 0, 0]));
    return value === undefined ? -1 : new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  };
  using sender = PacketSender.open("far", { netns: FAR });
  for (const slot of [3, 1, 2]) {
    await kernel.run([filter(slot)]);
    const before = counted(slot);
    sender.sendBatch(Array.from({ length: 20 }, () => new Uint8Array(60)));
    const deadline = performance.now() + 30_000;
    while (counted(slot) < before + 20) {
      expect(performance.now(), `frames counted in slot ${slot}`).toBeLessThan(deadline);
      await new Promise(setImmediate);
    }
  }
});

import { FakeKernel, formatKernelState, type KernelOp, TC_ROOT, tcHandle } from "@gona/kernel";
import { bytes, nanoseconds } from "@gona/model";
import type { Leaf } from "@gona/planner";
import fc from "fast-check";
import { expect, it } from "vitest";
import { setLeaf } from "./executors/class-ops.ts";
import { HTB_HANDLE, HTB_QDISC, leafHandle, ROOT_CLASS, sliceClass, toHtbClass } from "./htb.ts";
import { fromLeafQdisc, innerPlace } from "./leaf.ts";
import { OpBatch } from "./op-batch.ts";

const MTU = 1500;
const link = "eth1";
const classid = sliceClass(0);
const htb = toHtbClass({
  rate: 1e8 as never,
  ceil: 1e8 as never,
  burst: nanoseconds(5_000_000),
  ceilBurst: nanoseconds(5_000_000),
  quantum: bytes(65_536),
  priority: 0,
});

/** A kernel with one class and no leaf. */
async function oneClass(): Promise<FakeKernel> {
  const kernel = new FakeKernel();
  kernel.addLink({ name: link, mtu: MTU });
  const ops: readonly KernelOp[] = [
    { op: "qdiscReplace", link, parent: TC_ROOT, handle: HTB_HANDLE, qdisc: HTB_QDISC },
    { op: "classReplace", link, parent: HTB_HANDLE, classid: ROOT_CLASS, htb },
    { op: "classReplace", link, parent: ROOT_CLASS, classid, htb },
  ];
  await kernel.run(ops);
  return kernel;
}

async function set(kernel: FakeKernel, leaf: Leaf, before?: Leaf): Promise<void> {
  const batch = new OpBatch(kernel);
  batch.begin({ kind: "clear", facet: "slices" } as never);
  await setLeaf({ link, classid }, leaf, before, batch);
  await batch.finish();
}

function observed(kernel: FakeKernel): Leaf | undefined {
  const at = (place: number) => kernel.qdiscs(link).find(({ parent }) => parent === place)?.qdisc;
  const outer = at(classid);
  return outer && fromLeafQdisc(outer, MTU, at(innerPlace(classid)));
}

const codelTime = fc.integer({ min: 1, max: 9_000_000 }).map((ticks) => nanoseconds(ticks * 1024));
const leaf: fc.Arbitrary<Leaf> = fc.record(
  {
    kind: fc.constantFrom("fifo" as const, "segmenter" as const),
    limit: fc.integer({ min: 150_000, max: 16_000_000 }).map(bytes),
    codel: fc.record({ target: codelTime, interval: codelTime }),
  },
  { requiredKeys: ["kind", "limit"] },
);

it("any leaf becomes any other, known or not, and is read back as it was set, in the kernel's steps of time", async () => {
  await fc.assert(
    fc.asyncProperty(leaf, leaf, fc.boolean(), async (first, second, isKnown) => {
      const kernel = await oneClass();
      await set(kernel, first);
      expect(observed(kernel)).toEqual(first);
      await set(kernel, second, isKnown ? first : undefined);
      expect(observed(kernel)).toEqual(second);
    }),
    { numRuns: 200 },
  );
});

it("is a tbf with fq_codel below, in the kernel's words", async () => {
  const kernel = await oneClass();
  const codel = { target: nanoseconds(5_000_192), interval: nanoseconds(100_000_768) };
  await set(kernel, { kind: "segmenter", limit: bytes(1_250_000), codel });
  expect(formatKernelState(kernel, { links: [link], macs: false })).toContain(
    "qdisc parent 8:1 auto: fq_codel limit 65536p flows 256 quantum 1514b target 5000us interval 100000us memory_limit 2500000b ecn",
  );
});

it("of another make is not taken for ours", async () => {
  const kernel = await oneClass();
  await set(kernel, { kind: "segmenter", limit: bytes(150_000) });
  await kernel.run([
    {
      op: "qdiscReplace",
      link,
      parent: innerPlace(classid),
      handle: tcHandle(0, 0),
      qdisc: { kind: "bfifo", limitBytes: 1 },
    },
  ]);
  expect(kernel.qdiscs(link).some(({ handle }) => handle === leafHandle(classid))).toBe(true);
  expect(observed(kernel)).toBeUndefined();
});

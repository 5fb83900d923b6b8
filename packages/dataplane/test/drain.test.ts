import type { FakeKernel, TcHandle } from "@gona/kernel";
import { EMPTY_HUB, type HubState, plan } from "@gona/planner";
import { beforeEach, expect, test, vi } from "vitest";
import { executeSteps, fakeHubKernel, observe, sliceClass } from "../src/index.ts";
import { specOf, twoGuests, wantedOf } from "./test-hub.ts";
import { withQuality } from "./with-quality.ts";

const LINKS = ["eth1", "eth2", "vnet0"];
let kernel: FakeKernel;

const wanted = (parts?: readonly number[]): HubState => {
  const plain = wantedOf(specOf(twoGuests("far")), { links: LINKS, observed: observe(kernel) });
  return parts === undefined ? plain : withQuality(plain, { parts });
};
const converge = async (desired: HubState) => {
  await executeSteps(kernel, plan(observe(kernel), desired));
  expect(observe(kernel)).toEqual(desired);
};
/** Lets packets wait in a class; the answer to the `times`-th question about it is that they are out. */
function hold(link: string, classid: TcHandle, times: number): { asked: () => number } {
  vi.restoreAllMocks();
  kernel.setSent(link, classid, { backlogBytes: 3000n });
  let asked = 0;
  const counters = kernel.classCounters.bind(kernel);
  vi.spyOn(kernel, "classCounters").mockImplementation((name, sink, only) => {
    if (name === link && (only === undefined || only === classid) && ++asked === times) {
      kernel.setSent(link, classid, { backlogBytes: 0n });
    }
    counters(name, sink, only);
  });
  return { asked: () => asked };
}
const place = (test: (op: FakeKernel["log"][number]) => boolean) => kernel.log.findIndex(test);

beforeEach(async () => {
  kernel = fakeHubKernel({ namespaces: ["far"], vifSlots: 16 });
  for (const name of LINKS) kernel.addLink({ name, kind: name === "vnet0" ? "tun" : "", up: true });
});

test("a slice goes when what waits in it is out, after its traffic was moved elsewhere", async () => {
  await converge(wanted());
  const without = wantedOf(specOf(twoGuests("far").replace(/\n *- \{ nic: eth2, egress: \{ reserve.*/, "")), {
    links: LINKS,
    observed: observe(kernel),
  });
  const queue = hold("eth2", sliceClass(0), 3);
  kernel.log.length = 0;
  const steps = plan(observe(kernel), without);
  await executeSteps(kernel, steps);
  expect(observe(kernel)).toEqual(without);
  expect(queue.asked()).toBe(3);
  const gone = place((op) => op.op === "classDelete" && op.classid === sliceClass(0));
  const moved = place((op) => op.op === "mapPut" && op.map === "gona_vifs");
  expect(moved).toBeGreaterThanOrEqual(0);
  expect(gone).toBeGreaterThan(moved);
});

test("a part that goes is waited for, also where the slice gets a leaf again", async () => {
  await converge(wanted([1, 2]));
  let queue = hold("eth1", sliceClass(0, 2), 2);
  await converge(wanted([1]));
  expect(queue.asked()).toBe(2);
  queue = hold("eth1", sliceClass(0, 1), 2);
  await converge(wanted());
  expect(queue.asked()).toBe(2);
  queue = hold("eth1", sliceClass(0), 2);
  await converge(wanted([1]));
  expect(queue.asked()).toBe(2);
});

test("nothing is waited for where nothing waits, and a queue that never gets empty for a while only", async () => {
  await converge(wanted());
  const queue = hold("eth2", sliceClass(0), Number.POSITIVE_INFINITY);
  kernel.setCarrier("eth2", false);
  await converge(EMPTY_HUB);
  expect(queue.asked()).toBe(0); // what waits for a cable without life waits for ever
  vi.restoreAllMocks();
  kernel.setCarrier("eth2", true);
  await converge(wanted());
  hold("eth2", sliceClass(0), Number.POSITIVE_INFINITY);
  await converge(EMPTY_HUB);
});

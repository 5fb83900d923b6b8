import { offersQdisc, type Qdisc } from "@gona/kernel";
import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { QUALITY_SPECS } from "./planned-quality.ts";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";

const FQ_CODEL: Qdisc = {
  kind: "fq_codel",
  limitPackets: 64,
  targetUs: 5000,
  intervalUs: 100_000,
  quantumBytes: 1514,
  memoryLimitBytes: 1_000_000,
  ecn: true,
};
const links = ["eth1", "eth2", "vnet0", "vnet1"];

test("the real kernel holds what the planner makes of every kind of queue, and goes from one to the next", async () => {
  using hub = await TestHub.make("planned", links);
  using dataplane = hub.open();
  const names = Object.keys(QUALITY_SPECS);
  // Debian's kernel has it (packages/lab/test/debian-kernel.vm-test.ts).
  const fqCodel = offersQdisc(FQ_CODEL);
  for (const name of [...names, ...names.toReversed()]) {
    const wanted = () => wantedOf(specOf(QUALITY_SPECS[name] ?? ""), { links, observed: dataplane.observe(), fqCodel });
    const desired = wanted();
    await dataplane.execute(plan(dataplane.observe(), desired));
    expect(dataplane.observe(), name).toEqual(desired);
    expect(plan(dataplane.observe(), wanted()), name).toEqual([]);
  }
  await dataplane.execute(plan(dataplane.observe(), EMPTY_HUB));
  expect(dataplane.observe()).toEqual(EMPTY_HUB);
});

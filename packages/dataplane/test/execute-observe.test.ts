import { type FakeKernel, formatTcHandle, type KernelOp, TC_CLSACT, tcHandle } from "@gona/kernel";
import { bytes } from "@gona/model";
import { applySteps, EMPTY_HUB, type HubState, plan } from "@gona/planner";
import { beforeEach, describe, expect, test } from "vitest";
import { gonaSliceCounters, gonaVif } from "../src/abi.ts";
import {
  executeSteps,
  FILTER_PREFERENCE,
  FROM_GUEST,
  fakeHubKernel,
  observe,
  readQueueCounters,
  readSliceCounters,
  readVerdicts,
} from "../src/index.ts";
import { indexKey } from "../src/map-keys.ts";
import { specOf, twoGuests, wantedOf } from "./test-hub.ts";

const LINKS = ["eth1", "eth2", "vnet0"];
const SPEC = twoGuests("far");

/** An operation in a few words. */
function brief(op: KernelOp): string {
  if (op.op === "mapPut" || op.op === "mapDelete") return `${op.op} ${op.map} ${Buffer.from(op.key).toString("hex")}`;
  if (op.op === "classReplace") return `${op.op} ${op.link} ${formatTcHandle(op.classid)}`;
  if (op.op === "qdiscReplace") return `${op.op} ${op.link} ${formatTcHandle(op.parent)} ${op.qdisc.kind}`;
  return `${op.op} ${"link" in op ? op.link : ""}`;
}

describe("executors", () => {
  let kernel: FakeKernel;
  let desired: HubState;
  const wanted = (text = SPEC, dead: readonly string[] = []) =>
    wantedOf(specOf(text), { links: kernel.links().map(({ name }) => name), observed: observe(kernel), dead });
  /** The operations that a change comes to. */
  const change = async (to: HubState): Promise<string[]> => {
    const done = kernel.log.length;
    await executeSteps(kernel, plan(observe(kernel), to));
    expect(observe(kernel)).toEqual(to);
    return kernel.log.slice(done).map(brief);
  };

  beforeEach(async () => {
    kernel = fakeHubKernel({ namespaces: ["far"], vifSlots: 16 });
    for (const name of LINKS) kernel.addLink({ name, kind: name === "vnet0" ? "tun" : "" });
    desired = wanted();
    await change(desired);
  });

  test("what is carried out is told step by step and is what is observed", async () => {
    const fresh = fakeHubKernel({ namespaces: ["far"], vifSlots: 16 });
    for (const name of LINKS) fresh.addLink({ name, kind: name === "vnet0" ? "tun" : "" });
    const steps = plan(observe(fresh), desired);
    expect(new Set(steps.map(({ facet }) => facet)).size).toBe(10);
    const told: unknown[] = [];
    await executeSteps(fresh, steps, { onStep: (step) => told.push(step) });
    expect(told).toEqual(steps);
    expect(observe(fresh)).toEqual(desired);
    expect(applySteps(EMPTY_HUB, steps)).toEqual(desired);
  });

  test("the same state again is no operation", async () => {
    expect(await change(wanted())).toEqual([]);
  });

  test("a gate moves by one map write", async () => {
    const [eth2] = plan(desired, wanted(SPEC, ["eth2"])).filter(({ facet }) => facet === "nics");
    if (eth2 === undefined) throw new Error("no step for the gate");
    const done = kernel.log.length;
    await executeSteps(kernel, [eth2]);
    expect(kernel.log.slice(done).map(brief)).toEqual(["mapPut gona_nics 01000000"]);
  });

  test("a gate is shut also when its link has gone meanwhile, and never opened then", async () => {
    const [eth2] = plan(desired, wanted(SPEC, ["eth2"])).filter(({ facet }) => facet === "nics");
    if (eth2?.kind !== "set" || eth2.facet !== "nics") throw new Error("no step for the gate");
    kernel.removeLink("eth2");
    await executeSteps(kernel, [eth2]);
    expect(observe(kernel).nics.get(eth2.key)?.up).toBe(false);
    await expect(executeSteps(kernel, [{ ...eth2, value: { ...eth2.value, up: true } }])).rejects.toThrow(/ENODEV/);
  });

  test("an aggregate is filled in the generation that is not in use, before the vif is turned to it", async () => {
    const inUse = () => gonaVif.decode(kernel.map("gona_vifs").get(indexKey(0)) ?? new Uint8Array()).aggregate;
    expect(inUse()).toBe(0);
    expect(await change(wanted(SPEC, ["eth1"]))).toEqual([
      "mapPut gona_nics 00000000",
      "mapPut gona_aggregates 01000000",
      "mapPut gona_vifs 00000000",
    ]);
    expect(inUse()).toBe(1);
    await change(wanted());
    expect(inUse()).toBe(0);
  });

  test("a flag alone leaves the aggregate where it is", async () => {
    const ops = await change(wanted(SPEC.replace("vlan: 20 }", "vlan: 20, antiSpoof: { ip: true } }")));
    expect(ops).toEqual(["mapPut gona_vifs 00000000"]);
  });

  test("a rate changes in place, and so does the kind of leaf", async () => {
    expect(await change(wanted(SPEC.replace("limit: 100Mbit", "limit: 120Mbit")))).toEqual([
      "classReplace eth2 a09a:8009",
      "classReplace eth2 a09a:10",
      "qdiscReplace eth2 a09a:10 tbf",
    ]);
    expect(await change(wanted(SPEC.replace("limit: 100Mbit", "limit: 900Mbit")))).toEqual(
      expect.arrayContaining(["classReplace eth2 a09a:10", "qdiscReplace eth2 a09a:10 tbf"]),
    );
    expect(kernel.log.slice(-20).map(({ op }) => op)).not.toContain("qdiscDelete");
  });

  test("what a frame costs beside its bytes comes and goes in place, on every class", async () => {
    const overhead = bytes(24);
    const costly = {
      ...desired,
      trees: new Map(
        [...desired.trees].map(([link, tree]) => [
          link,
          tree.timed ? tree : { ...tree, overhead, host: { ...tree.host, overhead } },
        ]),
      ),
      slices: new Map([...desired.slices].map(([key, slice]) => [key, { ...slice, overhead }])),
    };
    const classes = kernel.classes("eth1").length + kernel.classes("eth2").length;
    const there = await change(costly);
    expect(there.every((op) => op.startsWith("classReplace"))).toBe(true);
    expect(there.length).toBe(classes);
    expect((await change(desired)).length).toBe(classes);
  });

  test("a slice number that comes to mean another NIC begins to count at zero, the others count on", async () => {
    const none = gonaSliceCounters.decode(new Uint8Array(gonaSliceCounters.size));
    const counted = { ...none, txBytes: 7n, txPackets: 1n };
    const cpus = Buffer.concat([gonaSliceCounters.encode(counted), gonaSliceCounters.encode(counted)]);
    for (const slice of [0, 1]) kernel.map("gona_slice_stats").put(indexKey(slice), cpus);
    expect(readSliceCounters(kernel, 0, 1).txBytes).toBe(14n);
    const without = SPEC.replace(/\n *- \{ nic: eth2, egress: \{ reserve.*/, "");
    await change(wanted(without));
    await change(wanted());
    expect(readSliceCounters(kernel, 0, 0).txBytes).toBe(14n);
    expect(readSliceCounters(kernel, 0, 1).txBytes).toBe(0n);
  });

  test("a link that goes takes nothing else with it and is no obstacle to clearing up", async () => {
    kernel.removeLink("eth2");
    kernel.removeLink("vnet0");
    const left = wanted();
    expect([...left.vifs.keys()]).toEqual(["db1"]);
    await change(left);
    await change(EMPTY_HUB);
    expect(kernel.links().map(({ name }) => name)).toEqual(["eth1"]);
  });

  test("a filter of someone else's in our place is left alone", async () => {
    kernel.addProgram("foreign");
    kernel.addLink({ name: "vnet1" });
    const clsact = {
      link: "vnet1",
      parent: TC_CLSACT,
      handle: tcHandle(0xffff, 0),
      qdisc: { kind: "clsact" },
    } as const;
    const foreign = { link: "vnet1", preference: FILTER_PREFERENCE, program: "foreign", classid: 0 } as const;
    await kernel.run([
      { op: "qdiscReplace", ...clsact },
      { op: "filterReplace", ...foreign },
    ]);
    await expect(change(wanted(SPEC.replace("vnet0", "vnet1")))).rejects.toMatchObject({ code: "FOREIGN_STATE" });
    expect(kernel.filters("vnet1")).toMatchObject([foreign]);
  });

  test("a NIC that becomes a guest's vif keeps the vif's filter", async () => {
    const withoutNic = SPEC.replace(/.*name: eth2, capacity.*\n/, "")
      .replace(/\n *- \{ nic: eth2, egress: \{ reserve.*/, "")
      .replace("nic: eth2", "nic: eth1")
      .replace("device: vnet0", "device: eth2");
    await change(wanted(withoutNic));
    expect(kernel.filters("eth2")).toMatchObject([{ program: FROM_GUEST }]);
  });

  test("counters of queues and verdicts are read by what they stand for", () => {
    const classid = 0xa09a0008 as never;
    kernel.setSent("eth1", classid, { bytes: 5n, drops: 3n });
    expect(readQueueCounters(kernel, "eth1" as never).slices.get(0)).toMatchObject({ bytes: 5n, drops: 3n });
    expect(readQueueCounters(kernel, "nowhere" as never).slices.size).toBe(0);
    expect(readVerdicts(kernel).get("to_wire")).toEqual({ packets: 0n, bytes: 0n });
  });
});

import { type NicId, nicId } from "@gona/model";
import { describeLacpFlags } from "@gona/planner";
import { expect, test } from "vitest";
import { type Bed, makeBed, settle, specText } from "./bed.ts";
import { FakeLacpSwitch } from "./fake-lacp-switch.ts";

const [eth1, eth2] = [nicId("eth1"), nicId("eth2")];
const spec = (lacp = "fast") => ({
  text: specText().replace("nics:", `fabrics: [{ name: rack, lag: true, lacp: ${lacp} }]\nnics:`),
  file: "host.yaml",
});

/** What the packet path goes by. */
const gate = ({ plane }: Bed, nic: NicId): string => {
  const entry = plane.hub.nics.get(nic);
  return `${entry?.up === true ? "up" : "shut"} ${entry?.bundle ?? "member"}`;
};
const gates = (bed: Bed): readonly string[] => [gate(bed, eth1), gate(bed, eth2)];
const kinds = ({ events }: Bed): readonly string[] => events.recent({ limit: 100 }).map(({ kind }) => kind);

async function bundled(): Promise<{ readonly bed: Bed; readonly far: FakeLacpSwitch }> {
  const far = new FakeLacpSwitch();
  const bed = makeBed({ frames: far });
  await bed.controller.start(spec());
  far.speak(bed, eth1, eth2);
  await far.run(bed, 4000);
  return { bed, far };
}

test("a NIC is apart, then joins, then carries: never before the switch takes it", async () => {
  const far = new FakeLacpSwitch();
  await using bed = makeBed({ frames: far });
  await bed.controller.start(spec());
  expect(gates(bed)).toEqual(["shut apart", "shut apart"]);
  far.speak(bed, eth1, eth2);
  await far.run(bed, 1000);
  expect(gates(bed)).toEqual(["shut joining", "shut joining"]);
  await far.run(bed, 3000);
  expect(gates(bed)).toEqual(["up member", "up member"]);
  expect(kinds(bed).filter((kind) => kind === "lacp-bundled")).toHaveLength(2);
});

test("a path that goes silent is shut, and open again when the switch is heard and the failback time is over", async () => {
  const { bed, far } = await bundled();
  await using _ = bed;
  far.hush(bed, eth2);
  await far.run(bed, 4000);
  expect(gate(bed, eth1)).toBe("up member");
  expect(gate(bed, eth2)).toMatch(/^shut/);
  expect(bed.controller.nics.standing(eth2)).toMatchObject({ phase: "down", faults: [{ fault: "bundle" }] });
  far.speak(bed, eth2);
  await far.run(bed, 10_000);
  expect(gates(bed)).toEqual(["up member", "up member"]);
});

test("without a partner one NIC goes alone, and both are told of", async () => {
  const far = new FakeLacpSwitch();
  await using bed = makeBed({ frames: far });
  await bed.controller.start(spec());
  await far.run(bed, 10_000);
  expect(gates(bed)).toEqual(["up member", "shut apart"]);
  expect(kinds(bed).filter((kind) => kind === "lacp-problem")).toHaveLength(2);
  expect(bed.controller.lacp.standing(eth1)?.cause).toMatch(/used alone/);
});

test("another daemon goes on with what stands: nothing changes in the kernel, and the switch sees no change", async () => {
  const { bed, far } = await bundled();
  await using _ = bed;
  const before = bed.plane.hub;
  const steps = bed.plane.log.length;
  far.heard.length = 0;
  await bed.restart();
  far.take(bed);
  // The last words of the one before.
  expect(far.heard.map(({ pdu }) => describeLacpFlags(pdu.actor.state))).toEqual(["ATGSCD--", "ATGSCD--"]);
  await bed.controller.start();
  await far.run(bed, 10_000);
  expect(bed.plane.log).toHaveLength(steps);
  expect(bed.plane.hub).toEqual(before);
  expect([far.mux(eth1), far.mux(eth2)]).toEqual(["distributing", "distributing"]);
  expect(new Set(far.heard.map(({ pdu }) => describeLacpFlags(pdu.actor.state)))).toEqual(new Set(["ATGSCD--"]));
  expect(kinds(bed).filter((kind) => kind === "nic-down")).toEqual([]);
});

test("another daemon gives up a bundle whose switch is silent", async () => {
  const { bed, far } = await bundled();
  await using _ = bed;
  await bed.restart();
  far.hush(bed, eth1);
  far.hush(bed, eth2);
  await bed.controller.start();
  expect(gates(bed)).toEqual(["up member", "up member"]);
  await far.run(bed, 3500);
  expect(gates(bed).map((word) => word.split(" ")[0])).toEqual(["shut", "shut"]);
});

test("a drained NIC leaves the bundle and still hears; given back, it joins before it carries", async () => {
  const { bed, far } = await bundled();
  await using _ = bed;
  const draining = bed.controller.drainer.drain(eth2);
  await far.run(bed, 500);
  await draining;
  await far.run(bed, 1000);
  expect(gate(bed, eth2)).toBe("shut joining");
  expect(far.mux(eth2)).not.toBe("distributing");
  expect(bed.controller.nics.standing(eth2)?.phase).toBe("draining");
  await bed.controller.drainer.undrain(eth2);
  await settle();
  expect(gate(bed, eth2)).toBe("shut joining");
  await far.run(bed, 10_000);
  expect([far.mux(eth2), gate(bed, eth2)]).toEqual(["distributing", "up member"]);
});

test("a bundle that becomes a static one tells its partner, and carries on", async () => {
  const { bed, far } = await bundled();
  await using _ = bed;
  far.heard.length = 0;
  await bed.controller.applier.apply(spec("off"));
  far.take(bed);
  expect(far.heard.map(({ pdu }) => describeLacpFlags(pdu.actor.state))).toEqual(["ATG-----", "ATG-----"]);
  await far.run(bed, 5000);
  expect(gates(bed)).toEqual(["up member", "up member"]);
});

import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FilterState, PacketReceiver, unmountBpffs } from "@gona/kernel";
import { nicId } from "@gona/model";
import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { buildBpf } from "../../../scripts/build-bpf.mjs";
import { LAYOUT_HASH, openDataplane } from "../src/index.ts";
import { specOf, TestHub, twoGuests, wantedOf } from "./test-hub.ts";

const LINKS = ["eth1", "eth2", "vnet0"];

/** A hub in which a daemon carried two guests out and ended. */
async function programmed(name: string) {
  using stack = new DisposableStack();
  const hub = stack.use(await TestHub.make(name, LINKS));
  const desired = wantedOf(specOf(twoGuests(hub.far)), { links: LINKS });
  using plane = hub.open();
  expect(plan(plane.observe(), EMPTY_HUB)).toEqual([]);
  await plane.execute(plan(plane.observe(), desired));
  stack.move();
  return { hub, desired };
}

const filtersOf = (hub: TestHub): readonly FilterState[] => LINKS.flatMap((link) => hub.kernel.filters(link));

test("what was carried out is observed, also by the next daemon, which replaces no filter", async () => {
  const { hub, desired } = await programmed("adopt");
  using _ = hub;
  const before = filtersOf(hub);
  expect(before).toHaveLength(3);
  using plane = hub.open();
  expect(plane.observe()).toEqual(desired);
  expect(filtersOf(hub)).toEqual(before);
});

test("maps whose pins are gone are recovered from an attached program", async () => {
  const { hub, desired } = await programmed("recover");
  using _ = hub;
  unmountBpffs(join(hub.runDir, "bpf"));
  rmSync(hub.runDir, { recursive: true });
  using plane = hub.open();
  expect(plane.observe()).toEqual(desired);
});

test("a second daemon is refused on the run dir and in the namespace", async () => {
  using hub = await TestHub.make("second", LINKS);
  using _plane = hub.open();
  expect(() => hub.open()).toThrow(expect.objectContaining({ code: "DAEMON_RUNNING" }));
});

test("a NIC and a vif that were replaced under their names are set again under their slots", async () => {
  const { hub, desired } = await programmed("replace");
  using _ = hub;
  using plane = hub.open();
  for (const link of ["eth1", "vnet0"]) await hub.replaceLink(link);
  const observed = plane.observe();
  const steps = plan(observed, desired);
  expect(steps.map(({ kind, facet, key }) => `${kind} ${facet} ${key}`)).toEqual([
    "set trees eth1",
    "set slices eth1 0",
    "set nics eth1",
    "set vifs web1",
    "set nicFilters eth1",
    "set vifFilters vnet0",
  ]);
  await plane.execute(steps);
  expect(plane.observe()).toEqual(desired);
});

test("everything can be taken away again", async () => {
  const { hub } = await programmed("clear");
  using _ = hub;
  using plane = hub.open();
  await plane.execute(plan(plane.observe(), EMPTY_HUB));
  expect(plane.observe()).toEqual(EMPTY_HUB);
  expect(
    hub.kernel
      .links()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["eth1", "eth2", "lo", "vnet0"]);
});

test("a root qdisc of someone else's is left alone", async () => {
  using hub = await TestHub.make("foreign", LINKS);
  using plane = hub.open();
  const foreign = { kind: "pfifo", limitPackets: 10 } as const;
  const handle = 0x10000 as never;
  await hub.kernel.run([{ op: "qdiscReplace", link: "eth2", parent: 0xffffffff as never, handle, qdisc: foreign }]);
  const desired = wantedOf(specOf(twoGuests(hub.far)), { links: LINKS });
  await expect(plane.execute(plan(plane.observe(), desired))).rejects.toMatchObject({ code: "FOREIGN_STATE" });
  expect(hub.kernel.qdiscs("eth2")).toMatchObject([{ handle, qdisc: foreign }]);
});

test("another build's programs take the filters over, on the same maps", async () => {
  const { hub, desired } = await programmed("build");
  using _ = hub;
  const ids = () => filtersOf(hub).map(({ programId }) => programId);
  const before = ids();
  const output = join(import.meta.dirname, "../../../build/test/gona-v2.bpf.o");
  using plane = hub.open(buildBpf({ output, flags: ["-mcpu=v2"] }).path);
  const steps = plan(plane.observe(), desired);
  expect(steps.map(({ kind, facet, key }) => `${kind} ${facet} ${key}`)).toEqual([
    "set nicFilters eth1",
    "set nicFilters eth2",
    "set vifFilters vnet0",
    expect.stringMatching(/^set vifFilters gv-/),
  ]);
  await plane.execute(steps);
  expect(plane.observe()).toEqual(desired);
  for (const id of ids()) expect(before).not.toContain(id);
});

test("maps of another layout are refused while they run, and swept when nothing uses them", async () => {
  const { hub, desired } = await programmed("layout");
  using _ = hub;
  const [mine, other] = [LAYOUT_HASH, "0123456789abcdef"].map((hash) => join(hub.runDir, "bpf", hash)) as [
    string,
    string,
  ];
  renameSync(mine, other);
  expect(() => hub.open()).toThrow(expect.objectContaining({ code: "STATE_OF_OTHER_BUILD" }));
  renameSync(other, mine);
  {
    using plane = hub.open();
    await plane.execute(plan(desired, EMPTY_HUB));
  }
  renameSync(mine, other);
  using plane = hub.open();
  expect(existsSync(other)).toBe(false);
  expect(plane.observe()).toEqual(EMPTY_HUB);
});

test("a run dir that cannot be used is named", async () => {
  using hub = await TestHub.make("rundir", LINKS);
  writeFileSync(join(hub.runDir, "file"), "");
  const options = { kernel: hub.kernel, runDir: join(hub.runDir, "file"), objectPath: buildBpf().path };
  expect(() => openDataplane(options)).toThrow(expect.objectContaining({ code: "STORAGE" }));
});

test("frames leave by a NIC past its queues, also when it was replaced under its name", async () => {
  const { hub } = await programmed("frames");
  using _ = hub;
  using plane = hub.open();
  const frame = (number: number) =>
    Uint8Array.from({ length: 60 }, (_, at) => [0xff, 0x88, 0xb5, number][at < 12 ? 0 : at - 11] ?? 0);
  for (const number of [1, 2]) {
    using receiver = PacketReceiver.open("eth1-far", hub.far);
    for (let time = 0; time < 2; time++) {
      plane.sendFrame(nicId("eth1"), frame(number));
      expect(await receiver.next((seen) => seen[12] === 0x88 && seen[13] === 0xb5, 20_000)).toEqual(frame(number));
    }
    await hub.replaceLink("eth1");
  }
  await hub.kernel.run([{ op: "linkDelete", link: "eth1" }]);
  expect(() => plane.sendFrame(nicId("eth1"), frame(3))).toThrow(/eth1: ENODEV/);
});

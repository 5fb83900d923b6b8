import { rmSync } from "node:fs";
import { join } from "node:path";
import type { FilterState } from "@gona/kernel";
import { unmountBpffs } from "@gona/kernel";
import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
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
    "set nicQueues eth1",
    "set nics eth1",
    "set slices eth1 0",
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

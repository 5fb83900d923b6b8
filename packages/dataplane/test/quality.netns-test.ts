import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type KernelOp, type LinkState, TC_ROOT, tcHandle } from "@gona/kernel";
import { EMPTY_HUB, type HubState, plan } from "@gona/planner";
import { describe, expect, test } from "vitest";
import { gonaSpineEnd, Spine } from "../src/abi.ts";
import type { HubDataplane } from "../src/index.ts";
import { indexKey } from "../src/map-keys.ts";
import { specOf, TestHub, twoGuests, wantedOf } from "./test-hub.ts";
import { type Quality, withQuality } from "./with-quality.ts";

const LINKS = ["eth1", "eth2", "vnet0"];
const EVERYTHING: Quality = { ingress: ["eth1", "eth2"], cap: true, local: true, queued: true, parts: [1, 2, 6] };

const wanted = (hub: TestHub, quality: Quality): HubState =>
  withQuality(wantedOf(specOf(twoGuests(hub.far)), { links: LINKS }), quality);

/** Turns what stands there into `desired`, which one plan must do. */
async function converge(plane: HubDataplane, desired: HubState): Promise<readonly string[]> {
  const steps = plan(plane.observe(), desired);
  await plane.execute(steps);
  expect(plane.observe()).toEqual(desired);
  return steps.map(({ kind, facet, key }) => `${kind} ${facet} ${key}`);
}

describe("spines", () => {
  const linkOf = (hub: TestHub, name: string): LinkState => {
    const link = hub.kernel.link(name);
    if (link === undefined) throw new Error(`no link ${name}`);
    return link;
  };
  /** What goes wrong, and the steps that put it right. */
  const breaks: readonly {
    readonly what: string;
    readonly ops: (hub: TestHub) => readonly KernelOp[];
    readonly steps: readonly string[];
  }[] = [
    {
      what: "one end is set down",
      ops: () => [{ op: "linkSet", link: "gp-cap", up: false }],
      steps: ["set spines cap"],
    },
    {
      what: "a label is lost",
      ops: () => [{ op: "linkSet", link: "gq-local", alias: "mine" }],
      steps: ["set spines local", "clear spines gq-local"],
    },
    {
      what: "the map entry is wrong",
      ops: () => [
        { op: "mapPut", map: "gona_spines", key: indexKey(Spine.CAP), value: gonaSpineEnd.encode({ ifindex: 1 }) },
      ],
      steps: ["set spines cap"],
    },
    {
      what: "the pair is deleted",
      ops: () => [{ op: "linkDelete", link: "gp-ineth2" }],
      steps: [
        "set spines in eth2",
        "set trees gq-ineth2",
        "set slices gq-ineth2 0",
        "set slices gq-ineth2 1",
        "set spineFilters gp-ineth2",
        "set nics eth2",
      ],
    },
  ];

  test.for(breaks)("are put right when $what", async ({ ops, steps }) => {
    using hub = await TestHub.make("spines", LINKS);
    using plane = hub.open();
    const desired = wanted(hub, EVERYTHING);
    await converge(plane, desired);
    await hub.kernel.run(ops(hub));
    expect(await converge(plane, desired)).toEqual(expect.arrayContaining([...steps]));
    await converge(plane, EMPTY_HUB);
  });

  test("have no IPv6 address of the kernel's making, and take frames of any length", async () => {
    using hub = await TestHub.make("spines", LINKS);
    using plane = hub.open();
    await converge(plane, wanted(hub, EVERYTHING));
    expect(linkOf(hub, "gq-cap")).toMatchObject({ peer: "gp-cap", mtu: 1500, carrier: true, peerElsewhere: false });
    expect(linkOf(hub, "vnet0").peer).toBeUndefined();
    const addresses = hub.kernel.inside(() => readFileSync("/proc/thread-self/net/if_inet6", "utf8"));
    expect(addresses).not.toMatch(/ g[pq]-/);
  });

  test("hand each flow to one CPU, so that it stays in order", async () => {
    using hub = await TestHub.make("spines", LINKS);
    using plane = hub.open();
    await converge(plane, wanted(hub, { cap: true }));
    const script = "mount -t sysfs gona /sys; cat /sys/class/net/gp-cap/queues/rx-*/rps_cpus";
    const masks = hub.kernel.inside(() =>
      execFileSync("unshare", ["--mount", "sh", "-ec", script], { encoding: "utf8" }),
    );
    for (const mask of masks.trim().split("\n")) expect(mask).toMatch(/[1-9a-f]/);
  });

  test("are taken over by the next daemon as they are, and go with everything else", async () => {
    using hub = await TestHub.make("spines", LINKS);
    const desired = wanted(hub, EVERYTHING);
    {
      using plane = hub.open();
      await converge(plane, desired);
    }
    using plane = hub.open();
    expect(plan(plane.observe(), desired)).toEqual([]);
    await converge(plane, EMPTY_HUB);
    const left = hub.kernel.links().map(({ name }) => name);
    expect(left.sort()).toEqual(["eth1", "eth2", "lo", "vnet0"]);
  });
});

test("parts come, change and go in place, on a NIC and on a spine", async () => {
  using hub = await TestHub.make("parts", LINKS);
  using plane = hub.open();
  const shapes: readonly (readonly number[] | undefined)[] = [undefined, [1, 2], [2, 5, 6], [], undefined, [6], [1, 6]];
  for (const parts of shapes) {
    await converge(plane, wanted(hub, { ingress: ["eth1"], ...(parts === undefined ? {} : { parts }) }));
  }
  await converge(plane, EMPTY_HUB);
});

test("what someone moved by hand below another class is made anew", async () => {
  using hub = await TestHub.make("parts", LINKS);
  using plane = hub.open();
  const desired = wanted(hub, { parts: [1, 2] });
  await converge(plane, desired);
  const [inner, part] = [tcHandle(0xa09a, 0xb000), tcHandle(0xa09a, 9)];
  const htb = hub.kernel.classes("eth1").find(({ classid }) => classid === part)?.htb;
  if (htb === undefined) throw new Error("no part");
  await hub.kernel.run([
    { op: "classDelete", link: "eth1", classid: part },
    { op: "classReplace", link: "eth1", parent: tcHandle(0xa09a, 1), classid: part, htb },
  ]);
  expect(await converge(plane, desired)).toEqual(["set slices eth1 0"]);
  await hub.kernel.run([
    ...[9, 10, 15, 0xb000].map((minor) => ({
      op: "classDelete" as const,
      link: "eth1",
      classid: tcHandle(0xa09a, minor),
    })),
    { op: "classReplace", link: "eth1", parent: tcHandle(0xa09a, 1), classid: inner, htb },
  ]);
  expect(await converge(plane, desired)).toEqual(["set slices eth1 0"]);
  await hub.kernel.run([{ op: "qdiscDelete", link: "eth1", parent: TC_ROOT, handle: tcHandle(0xa09a, 0) }]);
  await converge(plane, desired);
  await converge(plane, EMPTY_HUB);
});

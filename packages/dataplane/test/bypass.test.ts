import { type FakeKernel, type FakeVfDriver, PRISTINE_VF } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { desiredState, EMPTY_HUB, type HubState, plan } from "@gona/planner";
import { describe, expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";
import { specOf } from "./test-hub.ts";

interface Guest {
  readonly vf?: number;
  readonly nic?: string;
  readonly limit?: string;
  readonly mode?: "bridge" | "private";
  readonly mac?: string;
  readonly device?: string;
}

/** `sriov` guests have a `vf`, the others a macvtap; one guest of the hub stays as it is. */
const spec = (guests: Readonly<Record<string, Guest>>): string => `
apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit }
  - { name: eth2, capacity: 10Gbit }
guests:
  - { name: hub1, vif: { device: vnet0, mac: "52:54:00:00:00:99" }, aggregate: { slices: [{ nic: eth1 }] } }
${Object.entries(guests)
  .map(([name, { vf, nic = "eth1", limit = "1Gbit", mode = "bridge", mac, device }], place) => {
    const own = mac ?? `52:54:00:00:00:0${place + 1}`;
    const vif = vf === undefined ? `device: ${device ?? `mt-${name}`}, mac: "${own}"` : `mac: "${own}", vlan: 20`;
    const path = vf === undefined ? `path: macvtap, mode: ${mode}` : `path: sriov, vf: ${vf}`;
    return `  - { name: ${name}, vif: { ${vif} }, aggregate: { slices: [{ nic: ${nic}, ${path}, egress: { limit: ${limit} } }] } }`;
  })
  .join("\n")}
`;

function hub(driver: FakeVfDriver = "mlx5_core"): FakeKernel {
  const kernel = fakeHubKernel({ namespaces: [], vifSlots: 16 });
  for (const name of ["eth1", "eth2"]) kernel.addLink({ name, up: true, sriov: { driver, enabled: 4 } });
  kernel.addLink({ name: "vnet0", kind: "tun", up: true });
  return kernel;
}

function wanted(kernel: FakeKernel, guests: Readonly<Record<string, Guest>>): HubState {
  const host = specOf(spec(guests));
  const nicsUp = new Set<NicId>(host.nics.map(({ name }) => name));
  const links = new Set(kernel.links().map(({ name }) => name));
  return desiredState({ spec: host, observed: observe(kernel), inventory: { links, nicsUp } }).hub;
}

async function reach(kernel: FakeKernel, guests: Readonly<Record<string, Guest>>): Promise<HubState> {
  const to = wanted(kernel, guests);
  await executeSteps(kernel, plan(observe(kernel), to));
  expect(observe(kernel)).toEqual(to);
  return to;
}

const vfOf = (kernel: FakeKernel, vf: number, nic = "eth1") => kernel.vfs(nic)[vf];
const PRISTINE = (vf: number) => ({ vf, ...PRISTINE_VF });

describe("a virtual function", () => {
  test("is set as the spec says, once, and goes back to what it was when nobody has it", async () => {
    const kernel = hub();
    await reach(kernel, { a: { vf: 2 } });
    expect(vfOf(kernel, 2)).toEqual({
      vf: 2,
      mac: "52:54:00:00:00:01",
      vlan: 20,
      rate: { minMegabits: 0, maxMegabits: 1000 },
      spoofCheck: true,
      linkState: "auto",
      trust: false,
    });
    const done = kernel.log.length;
    await reach(kernel, { a: { vf: 2 } });
    expect(kernel.log.length).toBe(done);
    await reach(kernel, {});
    expect(kernel.vfs("eth1")).toEqual([0, 1, 2, 3].map(PRISTINE));
  });

  test("is told no more than what changes: a driver may not know the rest", async () => {
    const kernel = hub();
    await reach(kernel, { a: { vf: 2 } });
    await reach(kernel, { a: { vf: 2, limit: "2Gbit" } });
    const rate = { minMegabits: 0, maxMegabits: 2000 };
    expect(kernel.log.filter(({ op }) => op === "vfSet").at(-1)).toEqual({ op: "vfSet", link: "eth1", vf: 2, rate });
  });

  test("that is none of GONA's is left alone", async () => {
    const kernel = hub();
    await kernel.run([{ op: "vfSet", link: "eth1", vf: 3, mac: "52:54:00:00:00:77", vlan: 7 }]);
    await reach(kernel, { a: { vf: 2 } });
    await reach(kernel, {});
    expect(vfOf(kernel, 3)).toMatchObject({ mac: "52:54:00:00:00:77", vlan: 7 });
  });

  test("goes from one guest to another in one plan, and two guests swap theirs", async () => {
    const kernel = hub();
    await reach(kernel, { a: { vf: 0, mac: "52:54:00:00:00:0a" } });
    await reach(kernel, { b: { vf: 0, mac: "52:54:00:00:00:0b" }, c: { vf: 1, mac: "52:54:00:00:00:0c" } });
    expect([0, 1].map((vf) => vfOf(kernel, vf)?.mac)).toEqual(["52:54:00:00:00:0b", "52:54:00:00:00:0c"]);
    await reach(kernel, { b: { vf: 1, mac: "52:54:00:00:00:0b" }, c: { vf: 0, mac: "52:54:00:00:00:0c" } });
    expect([0, 1].map((vf) => vfOf(kernel, vf)?.mac)).toEqual(["52:54:00:00:00:0c", "52:54:00:00:00:0b"]);
    await reach(kernel, { b: { vf: 1, nic: "eth2", mac: "52:54:00:00:00:0b" } });
    expect(kernel.vfs("eth1").every(({ mac }) => mac === PRISTINE_VF.mac)).toBe(true);
  });

  test("that somebody changed is put right; one that is gone is taken off the books", async () => {
    const kernel = hub();
    const to = await reach(kernel, { a: { vf: 2 } });
    await kernel.run([{ op: "vfSet", link: "eth1", vf: 2, linkState: "disable", vlan: 9 }]);
    await executeSteps(kernel, plan(observe(kernel), to));
    expect(vfOf(kernel, 2)).toMatchObject({ linkState: "auto", vlan: 20 });
    kernel.removeLink("eth1");
    expect(observe(kernel).bypasses.get([...to.bypasses.keys()][0] as never)).toMatchObject({ stale: true });
    await executeSteps(kernel, plan(observe(kernel), EMPTY_HUB));
    expect(observe(kernel)).toEqual(EMPTY_HUB);
  });

  test("a driver's refusal in the middle leaves nothing half set once it is planned back", async () => {
    const kernel = hub("ixgbe");
    const before = await reach(kernel, { a: { vf: 0 } });
    const next = wanted(kernel, { a: { vf: 0, limit: "10Mbit" }, b: { vf: 1, limit: "10Mbit" } });
    await expect(executeSteps(kernel, plan(observe(kernel), next))).rejects.toMatchObject({
      message: expect.stringMatching(/virtual function|ip link set dev eth1 vf 0 max_tx_rate 10/),
    });
    // MAC and VLAN came before the rate.
    await expect(
      kernel.run([
        { op: "vfSet", link: "eth1", vf: 1, mac: "52:54:00:00:00:02", rate: { minMegabits: 0, maxMegabits: 10 } },
      ]),
    ).rejects.toThrow();
    await executeSteps(kernel, plan(observe(kernel), before));
    expect(observe(kernel)).toEqual(before);
    expect(vfOf(kernel, 0)?.rate.maxMegabits).toBe(1000);
  });

  test("that was set in part when its step failed is found and put back", async () => {
    const kernel = hub("ixgbe");
    const before = await reach(kernel, {});
    const next = wanted(kernel, { a: { vf: 1, limit: "10Mbit" } });
    await expect(executeSteps(kernel, plan(observe(kernel), next))).rejects.toMatchObject({ code: "KERNEL_REFUSED" });
    expect(vfOf(kernel, 1)?.mac).toBe("52:54:00:00:00:01");
    await executeSteps(kernel, plan(observe(kernel), before));
    expect(vfOf(kernel, 1)).toEqual(PRISTINE(1));
  });
});

describe("a macvtap", () => {
  test("is made down, gets its filter, and goes up then; it goes down before its filter goes", async () => {
    const kernel = hub();
    await reach(kernel, { a: {} });
    const about = (link: string) =>
      kernel.log.flatMap((op) =>
        "link" in op && op.link === link ? [op.op === "linkSet" ? `up ${op.up}` : op.op] : [],
      );
    expect(about("mt-a")).toEqual(["macvtapCreate", "qdiscReplace", "filterReplace", "up true"]);
    await reach(kernel, {});
    expect(about("mt-a").slice(4)).toEqual(["up false", "linkDelete"]);
    expect(kernel.link("mt-a")).toBeUndefined();
  });

  test("is kept when its MAC or limit changes, and made anew for another NIC or mode", async () => {
    const kernel = hub();
    const made = () => kernel.log.filter(({ op }) => op === "macvtapCreate").length;
    await reach(kernel, { a: {} });
    await reach(kernel, { a: { mac: "52:54:00:00:00:42", limit: "2Gbit" } });
    expect([made(), kernel.link("mt-a")?.mac]).toEqual([1, "52:54:00:00:00:42"]);
    await reach(kernel, { a: { mode: "private" } });
    await reach(kernel, { a: { mode: "private", nic: "eth2" } });
    expect([made(), kernel.link("mt-a")?.lower]).toEqual([3, "eth2"]);
  });

  test("goes with its NIC and comes back with it", async () => {
    const kernel = hub();
    const to = await reach(kernel, { a: {} });
    kernel.removeLink("eth1");
    expect(kernel.link("mt-a")).toBeUndefined();
    kernel.addLink({ name: "eth1", up: true });
    await executeSteps(kernel, plan(observe(kernel), to));
    expect(observe(kernel)).toEqual(to);
    expect(kernel.link("mt-a")).toMatchObject({ up: true, lower: "eth1" });
  });

  test("that somebody set down or whose filter was taken is set up again", async () => {
    const kernel = hub();
    const to = await reach(kernel, { a: {} });
    await kernel.run([{ op: "linkSet", link: "mt-a", up: false }]);
    await executeSteps(kernel, plan(observe(kernel), to));
    expect(observe(kernel)).toEqual(to);
    expect(kernel.link("mt-a")?.up).toBe(true);
  });

  test("takes no link that is somebody else's, but what a crash left of its own", async () => {
    const kernel = hub();
    await kernel.run([
      { op: "macvtapCreate", link: "mt-b", lower: "eth1", mode: "bridge", mac: "52:54:00:00:00:55", alias: "" },
    ]);
    await reach(kernel, { b: {} });
    await kernel.run([
      { op: "macvtapCreate", link: "mt-a", lower: "eth1", mode: "bridge", mac: "52:54:00:00:00:66", alias: "vm" },
    ]);
    const steps = plan(observe(kernel), wanted(kernel, { a: {}, b: {} }));
    await expect(executeSteps(kernel, steps)).rejects.toMatchObject({
      code: "FOREIGN_STATE",
      detail: { found: "macvtap" },
    });
    await kernel.run([{ op: "linkDelete", link: "mt-a" }]);
    await reach(kernel, { a: {}, b: {} });
  });

  test("becomes a virtual function and back, whatever the others do", async () => {
    const kernel = hub();
    const states: Readonly<Record<string, Guest>>[] = [
      { a: {}, b: { vf: 1 } },
      { a: { vf: 1 }, b: {} },
      { a: { vf: 1, nic: "eth2" } },
      { a: { device: "mt-other" }, b: { vf: 1, nic: "eth2" } },
      { a: { device: "mt-b" } },
      { b: { device: "mt-b", mac: "52:54:00:00:00:0b" } },
      {},
    ];
    for (const guests of states) await reach(kernel, guests);
    for (const guests of states.toReversed()) await reach(kernel, guests);
    await executeSteps(kernel, plan(observe(kernel), EMPTY_HUB));
    expect(observe(kernel)).toEqual(EMPTY_HUB);
    expect(kernel.links().map(({ name }) => name)).toEqual(["eth1", "eth2", "vnet0"]);
  });
});

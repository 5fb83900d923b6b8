import type { KernelFacts, LinkState } from "@gona/kernel";
import { nanoseconds } from "@gona/model";
import { describe, expect, it } from "vitest";
import { factRows, type HostFacts } from "./fact-rows.ts";
import { nicRows } from "./nic-rows.ts";

const KERNEL: KernelFacts = {
  release: "6.1.0-25",
  major: 6,
  minor: 1,
  hasBtf: true,
  lockdown: "integrity",
  memlockBytes: 65_536,
};
const FACTS: HostFacts = {
  nodeVersion: "24.21.0",
  architecture: "x64",
  kernel: KERNEL,
  missingCapabilities: [],
  mayHoldTaps: true,
  timerLateness: nanoseconds(100_000),
  path: "/opt/bin",
  exists: () => true,
};
const stateOf = (check: string, facts: Partial<HostFacts>) =>
  factRows({ ...FACTS, ...facts }).find((row) => row.check === check)?.state;

describe("what follows from facts", () => {
  it("is nothing to do on Debian 12 as root", () => {
    expect(factRows(FACTS).filter(({ state }) => state !== "ok")).toEqual([]);
  });

  it.each([
    ["node", { nodeVersion: "22.1.0" }, "missing"],
    ["processor", { architecture: "riscv64" }, "advice"],
    ["kernel-version", { kernel: { ...KERNEL, major: 5, minor: 19 } }, "missing"],
    ["kernel-version", { kernel: { ...KERNEL, major: 6, minor: 0 } }, "missing"],
    ["kernel-version", { kernel: { ...KERNEL, major: 7, minor: 0 } }, "ok"],
    ["capabilities", { missingCapabilities: ["BPF"] }, "missing"],
    ["timers", { timerLateness: nanoseconds(2_400_000) }, "ok"],
    ["timers", { timerLateness: nanoseconds(2_600_000) }, "advice"],
    ["btf", { kernel: { ...KERNEL, hasBtf: false } }, "missing"],
    ["lockdown", { kernel: { ...KERNEL, lockdown: "confidentiality" } }, "missing"],
    ["memlock", { kernel: { ...KERNEL, major: 5, minor: 10 } }, "missing"],
    ["memlock", { kernel: { ...KERNEL, major: 5, minor: 10, memlockBytes: Number.POSITIVE_INFINITY } }, "ok"],
    ["programs", { exists: (path: string) => !path.endsWith("/iperf3") }, "advice"],
    ["programs", { exists: (path: string) => path.startsWith("/usr/sbin/") }, "ok"],
    ["back-pressure", { mayHoldTaps: false }, "advice"],
    ["tun", { exists: (path: string) => path !== "/dev/net/tun" }, "advice"],
  ] satisfies [string, Partial<HostFacts>, string][])("%s with %j is %s", (check, facts, state) => {
    expect(stateOf(check, facts)).toBe(state);
  });

  it("comes with what to do wherever something is amiss", () => {
    const worst = factRows({
      ...FACTS,
      nodeVersion: "18.0.0",
      kernel: { ...KERNEL, major: 4, hasBtf: false },
      exists: () => false,
    });
    for (const row of worst) if (row.state !== "ok") expect(row.remedy, row.check).toMatch(/\w/);
  });
});

it("NICs are physical links alone, and one that is a bridge's port is to be freed first", () => {
  const link = (name: string, more: Partial<LinkState> = {}): LinkState => ({
    name,
    ifindex: 1,
    kind: "",
    mac: "",
    mtu: 1500,
    up: true,
    carrier: true,
    peerElsewhere: false,
    txBytes: 0n,
    rxBytes: 0n,
    txPackets: 0n,
    rxPackets: 0n,
    txDropped: 0n,
    rxDropped: 0n,
    ...more,
  });
  const links = [
    link("lo"),
    link("eth0"),
    link("eth1", { master: "br0", carrier: false }),
    link("br0", { kind: "bridge" }),
  ];
  const facts = (name: string) => ({ driver: "ixgbe", bus: name, speedBitsPerSecond: 1e10, tcOffload: true });
  const vfs = (name: string) => ({ driver: "ixgbe", enabled: 4, total: name === "eth0" ? 63 : 0 });
  expect(nicRows(links, facts, vfs)).toEqual([
    {
      check: "nic eth0",
      state: "ok",
      found: "ixgbe, eth0, 10 Gbit, HTB offload may be tried (hw-tc-offload on), 4 of 63 virtual functions enabled",
    },
    {
      check: "nic eth1",
      state: "advice",
      found: "ixgbe, eth1, 10 Gbit, no carrier, HTB offload may be tried (hw-tc-offload on), no SR-IOV, port of br0",
      remedy: "take it out of br0 before GONA gets it",
    },
  ]);
});

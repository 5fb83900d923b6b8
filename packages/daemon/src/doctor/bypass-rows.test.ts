import { KernelError } from "@gona/kernel";
import { parseSpec } from "@gona/model";
import type { VfOffer } from "@gona/planner";
import { expect, it } from "vitest";
import { bypassRows } from "./bypass-rows.ts";

const { spec } = parseSpec(
  `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit }
  - { name: eth2, capacity: 10Gbit }
  - { name: eth3, capacity: 10Gbit }
  - { name: eth4, capacity: 10Gbit }
guests:
  - { name: a, vif: { mac: "52:54:00:00:00:01" }, aggregate: { slices: [{ nic: eth1, path: sriov, vf: 3 }] } }
  - { name: b, vif: { mac: "52:54:00:00:00:02" }, aggregate: { slices: [{ nic: eth2, path: sriov, vf: 0 }] } }
  - { name: c, vif: { device: mt0, mac: "52:54:00:00:00:03" }, aggregate: { slices: [{ nic: eth2, path: macvtap }] } }
  - { name: d, vif: { mac: "52:54:00:00:00:04" }, aggregate: { slices: [{ nic: eth3, path: sriov, vf: 0 }] } }
  - { name: e, vif: { device: tap0, mac: "52:54:00:00:00:05" }, aggregate: { slices: [{ nic: eth4 }] } }
`,
  { file: "host.yaml" },
);
const OFFERS: Readonly<Record<string, VfOffer>> = {
  eth1: { driver: "mlx5_core", enabled: 4, total: 8 },
  eth2: { driver: "r8169", enabled: 0, total: 0 },
};
const vfsOf = (link: string): VfOffer => {
  const offer = OFFERS[link];
  if (offer === undefined) throw new KernelError(`ethtool ${link}`, "ENODEV", "No such device");
  return offer;
};

it("NICs that are asked for a bypass have a row each: what they offer, or why they cannot", () => {
  const macvtap = { check: "macvtap", state: "advice", found: "EOPNOTSUPP", remedy: "modprobe macvtap" } as const;
  expect(bypassRows(spec, { vfsOf, macvtap })).toEqual([
    { check: "sr-iov on eth1", state: "ok", found: "mlx5_core, 4 of 8 virtual functions enabled, for a VF 3" },
    {
      check: "sr-iov on eth2",
      state: "missing",
      found: "eth2 has no SR-IOV (driver r8169): the NIC, its driver or the kernel (CONFIG_PCI_IOV) lacks it",
      remedy: "another NIC, path: macvtap, or no path",
    },
    { check: "macvtap on eth2", state: "missing", found: "EOPNOTSUPP", remedy: "modprobe macvtap" },
    { check: "sr-iov on eth3", state: "missing", found: "there is no link eth3", remedy: "another NIC in the spec" },
  ]);
});

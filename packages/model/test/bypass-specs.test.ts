import { expect, it } from "vitest";
import { formatErrors, parseSpec } from "../src/index.ts";
import { errorsOf } from "./spec-errors-of.ts";

const HEAD = `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack }
guests:
`;
const guest = (aggregate: string, vif = 'device: vnet0, mac: "52:54:00:aa:00:01"', name = "web1") =>
  `  - name: ${name}\n    vif: { ${vif} }\n    aggregate: { ${aggregate} }\n`;
const one = (aggregate: string, vif?: string) => HEAD + guest(aggregate, vif);

it.each([
  [
    "a virtual function without its number",
    one("slices: [{ nic: eth1, path: sriov }]", 'mac: "52:54:00:aa:00:01"'),
    "host.yaml:7:27: guests[0].aggregate.slices[0]: path: sriov names no virtual function, allowed: vf: its number, as in `ip link show dev NIC`",
  ],
  [
    "a virtual function with a device",
    one("slices: [{ nic: eth1, path: sriov, vf: 3 }]"),
    "host.yaml:6:12: guests[0].vif.device: a vif with path: sriov is a virtual function, which has no link in the hub, allowed: neither device nor create",
  ],
  [
    "a macvtap in a guest's namespace",
    one("slices: [{ nic: eth1, path: macvtap }]", 'create: { netns: web1, name: eth0 }, mac: "52:54:00:aa:00:01"'),
    "host.yaml:6:12: guests[0].vif.create: a macvtap is made in the hub, for a hypervisor to open, allowed: device: the name of the macvtap that GONA makes",
  ],
  [
    "a macvtap without a name",
    one("slices: [{ nic: eth1, path: macvtap }]", 'mac: "52:54:00:aa:00:01"'),
    "host.yaml:6:10: guests[0].vif: the vif has no device, allowed: device: the name of the macvtap that GONA makes",
  ],
  [
    "a number without a virtual function",
    one("slices: [{ nic: eth1, vf: 3 }]"),
    "host.yaml:7:40: guests[0].aggregate.slices[0].vf: vf without path: sriov, allowed: vf only beside path: sriov",
  ],
  [
    "a mode without a macvtap",
    one("slices: [{ nic: eth1, mode: private }]"),
    "host.yaml:7:40: guests[0].aggregate.slices[0].mode: mode without path: macvtap, allowed: mode only beside path: macvtap",
  ],
  [
    "a virtual function twice",
    one("slices: [{ nic: eth1, path: sriov, vf: 3 }]", 'mac: "52:54:00:aa:00:01"') +
      guest("slices: [{ nic: eth1, path: sriov, vf: 3 }]", 'mac: "52:54:00:aa:00:02"', "web2"),
    'host.yaml:10:57: guests[1].aggregate.slices[0].vf: "VF 3 of eth1" is already a virtual function of this NIC at guests[0].aggregate.slices[0].vf',
  ],
] as const)("beside a slice's path is wrong: %s", (_, text, said) => {
  expect(errorsOf(text).map((error) => formatErrors(error))).toEqual([said]);
});

it("a path says what gives the guest its device", () => {
  const vifOf = (text: string) => parseSpec(text, { file: "host.yaml" }).spec.guests[0]?.vifs[0];
  const vf = vifOf(one("slices: [{ nic: eth1, path: sriov, vf: 3 }]", 'mac: "52:54:00:aa:00:01"'));
  expect(vf).toMatchObject({
    attachment: { kind: "vf" },
    aggregate: { slices: [{ path: { kind: "sriov", vf: 3 } }] },
  });
  const macvtap = vifOf(one("slices: [{ nic: eth1, path: macvtap }]"));
  expect(macvtap).toMatchObject({
    attachment: { kind: "device", device: "vnet0" },
    aggregate: { slices: [{ path: { kind: "macvtap", mode: "bridge" } }] },
  });
  expect(vifOf(one("slices: [{ nic: eth1, path: hub }]"))?.aggregate.slices[0]?.path).toBeUndefined();
});

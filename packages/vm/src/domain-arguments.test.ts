import { expect, test } from "vitest";
import { domainArguments, plugs } from "./domain-arguments.ts";

const nic = {
  id: "n1",
  trunk: { tap: "gt-eth1", mac: "02:00:00:00:00:01" },
  device: { tap: "gn-eth1", mac: "02:00:00:00:00:02", model: "e1000" },
  mtu: 1500,
} as const;
const machine = {
  name: "gona-dd-a",
  kernel: "/k",
  initramfs: "/i",
  memoryMebibytes: 128,
  acceleration: "tcg",
  controlSocket: "/run/c",
  monitorSocket: "/run/m",
  wordsFile: "/run/w",
  nics: [nic],
} as const;

test("a NIC has a virtio trunk and its device, each over its own tap", () => {
  const words = domainArguments(machine, "x64")?.join(" ") ?? "";
  expect(words).toContain(
    "-netdev tap,id=nt-n1,ifname=gt-eth1,script=no,downscript=no -device virtio-net-pci,id=t-n1,netdev=nt-n1,mac=02:00:00:00:00:01,romfile=",
  );
  expect(words).toContain("-device e1000,id=d-n1,netdev=nd-n1,mac=02:00:00:00:00:02,romfile=");
  expect(words).toContain("accel=tcg");
});

test("a larger MTU is told to virtio, which else refuses it", () => {
  const [trunk, device] = plugs({ ...nic, mtu: 9000 });
  expect(trunk.device).toMatchObject({ host_mtu: "9000" });
  expect(device.device).not.toHaveProperty("host_mtu");
});

test("a comma in a link's name ends no option", () => {
  const words = domainArguments({ ...machine, nics: [{ ...nic, trunk: { ...nic.trunk, tap: "gt-a,b" } }] }, "x64");
  expect(words?.join(" ")).toContain("ifname=gt-a,,b,script=no");
});

test("there is none for a processor that it is not built for", () => {
  expect(domainArguments(machine, "arm64")).toBeUndefined();
});

import { GonaError } from "@gona/model";
import { expect, test } from "vitest";
import { type MachineFacts, machineRows } from "./machine-rows.ts";

const ALL: MachineFacts = {
  architecture: "x64",
  path: "/usr/bin",
  exists: () => true,
  kernel: () => ({ release: "6.1.0", image: "/boot/vmlinuz", root: "/" }),
  acceleration: () => Promise.resolve({ kind: "kvm" }),
  iommuGroups: 12,
};

test("a machine that has all is fine", async () => {
  expect((await machineRows(ALL)).map(({ check, state }) => [check, state])).toEqual([
    ["vm-programs", "ok"],
    ["vm-kernel", "ok"],
    ["vm-acceleration", "ok"],
    ["vm-iommu", "ok"],
  ]);
});

test("what is missing is advice, with what to do", async () => {
  const rows = await machineRows({
    ...ALL,
    exists: (path) => !/qemu|busybox/.test(path),
    kernel: () => {
      throw new GonaError("NO_LIBRARY", "there is no kernel image", { hint: "npm run setup" });
    },
    iommuGroups: 0,
  });
  expect(rows).toEqual([
    expect.objectContaining({ state: "advice", remedy: "apt-get install qemu-system-x86 busybox-static" }),
    { check: "vm-kernel", state: "advice", found: "there is no kernel image", remedy: "npm run setup" },
    expect.objectContaining({ check: "vm-iommu", state: "advice", found: "no IOMMU: cards cannot be passed through" }),
  ]);
});

test("without KVM it says why", async () => {
  const acceleration = () => Promise.resolve({ kind: "tcg", why: "/dev/kvm is there, but runs no guest" } as const);
  expect((await machineRows({ ...ALL, acceleration })).at(2)).toMatchObject({
    state: "advice",
    found: "software emulation: /dev/kvm is there, but runs no guest",
  });
});

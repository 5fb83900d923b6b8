import { expect, test } from "vitest";
import { type MachineOptions, qemuArguments } from "./qemu-arguments.ts";

const options: MachineOptions = {
  kernelImage: "/k",
  initramfs: "/i",
  memoryMebibytes: 256,
  processors: 1,
  controlSocket: "/c",
  nics: [{ tap: "vnet0", mac: "52:54:00:00:00:01", sendBufferBytes: 200_000 }],
};

test("a tap with a send buffer pushes back instead of dropping", () => {
  expect(qemuArguments(options, "x64")).toContain("tap,id=net0,ifname=vnet0,script=no,downscript=no,sndbuf=200000");
});

test("each processor that GONA runs on has its program and machine; others have none", () => {
  expect(qemuArguments(options, "x64")?.[0]).toBe("qemu-system-x86_64");
  expect(qemuArguments(options, "arm64")?.[0]).toBe("qemu-system-aarch64");
  expect(qemuArguments(options, "mips")).toBeUndefined();
});

test("sharing files makes the guest's memory shared", () => {
  const words = qemuArguments({ ...options, shareSocket: "/s" }, "x64")?.join(" ");
  expect(words).toContain("memory-backend-memfd,id=memory,size=256M,share=on");
  expect(words).toContain("vhost-user-fs-pci,chardev=share,tag=host");
  expect(qemuArguments(options, "x64")?.join(" ")).not.toContain("memfd");
});

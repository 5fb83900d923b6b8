import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { domainKernel, moduleFiles } from "./debian-kernel.ts";

const DEPENDENCIES = `kernel/virtio.ko: kernel/ring.ko
kernel/ring.ko:
kernel/net/virtio_net.ko.xz: kernel/net/failover.ko kernel/virtio.ko kernel/ring.ko
kernel/net/failover.ko:
kernel/net/pvpanic-pci.ko:
`;

function setUp() {
  const root = mkdtempSync(join(tmpdir(), "gona-kernel-"));
  const modules = join(root, "lib/modules/6.1.0");
  mkdirSync(modules, { recursive: true });
  mkdirSync(join(root, "boot"));
  writeFileSync(join(modules, "modules.dep"), DEPENDENCIES);
  writeFileSync(join(root, "boot/vmlinuz-6.1.0"), "");
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

test("modules come after what they need, once each, and unknown ones are built in", () => {
  using kernel = setUp();
  expect(moduleFiles({ ...kernel, release: "6.1.0" }, ["virtio", "virtio_net", "pvpanic-pci", "loop"])).toEqual([
    "kernel/ring.ko",
    "kernel/virtio.ko",
    "kernel/net/failover.ko",
    "kernel/net/virtio_net.ko.xz",
    "kernel/net/pvpanic-pci.ko",
  ]);
});

test("the unpacked kernel is taken, and without one and the host's own the error says what to do", () => {
  using kernel = setUp();
  expect(domainKernel(kernel.root)).toMatchObject({ release: "6.1.0", root: kernel.root });
  expect(() => domainKernel("/nowhere", "/nowhere")).toThrow(/no kernel image/);
});

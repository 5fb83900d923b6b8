import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { guestKernel, moduleFiles } from "./guest-kernel.ts";

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), "gona-kernel-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

test("a kernel that set-up has not fetched is said so, with what to do", () => {
  expect(() => guestKernel(folder())).toThrow(
    expect.objectContaining({ code: "NO_LIBRARY", detail: { hint: "npm run setup" } }),
  );
});

test("modules come with all that they need, once, whatever their file's ending and dashes", () => {
  const root = folder();
  const below = join(root, "lib/modules/6.1.0-1-cloud");
  mkdirSync(below, { recursive: true });
  writeFileSync(join(root, "package.txt"), "linux-image-6.1.0-1-cloud 6.1.0-1-cloud\n");
  writeFileSync(
    join(below, "modules.dep"),
    "net/virtio_net.ko.xz: net/failover.ko.xz virtio/virtio.ko.xz\nnet/failover.ko.xz:\nvirtio/virtio.ko.xz:\nrng/virtio-rng.ko.xz: virtio/virtio.ko.xz\nfs/ext4.ko.xz:\n",
  );
  const kernel = guestKernel(root);
  expect(kernel.image).toBe(join(root, "boot/vmlinuz-6.1.0-1-cloud"));
  expect(moduleFiles(kernel, ["virtio_net", "virtio_rng", "built_in"])).toEqual([
    "net/failover.ko.xz",
    "net/virtio_net.ko.xz",
    "rng/virtio-rng.ko.xz",
    "virtio/virtio.ko.xz",
  ]);
});

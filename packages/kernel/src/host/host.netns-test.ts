import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LinuxKernel } from "../linux/linux-kernel.ts";
import { createNamespace, deleteNamespace } from "../namespace/named-namespaces.ts";
import { isBpffs, mountBpffs, unmountBpffs } from "./bpffs.ts";
import { missingCapabilities } from "./capabilities.ts";
import { FileLock } from "./file-lock.ts";
import { nicFacts } from "./nic-facts.ts";

function scratch(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "gona-k-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("a lock is held by one process at a time and free again after it", () => {
  using directory = scratch();
  const path = join(directory.path, "lock");
  const another = () => spawnSync("flock", ["--nonblock", path, "true"]).status;
  {
    using lock = FileLock.acquire(path);
    expect(lock).toBeDefined();
    expect(FileLock.acquire(path)).toBeUndefined();
    expect(another()).toBe(1);
  }
  expect(another()).toBe(0);
});

test("a bpffs is mounted once and goes", () => {
  using directory = scratch();
  const path = join(directory.path, "bpf");
  expect(isBpffs(path)).toBe(false);
  mountBpffs(path);
  mountBpffs(path);
  expect(isBpffs(path)).toBe(true);
  expect(unmountBpffs(path)).toBe(true);
  expect(unmountBpffs(path)).toBe(false);
  expect(isBpffs(path)).toBe(false);
});

test("a directory that cannot be one is refused with its path", () => {
  using directory = scratch();
  const file = join(directory.path, "file");
  writeFileSync(file, "");
  expect(() => mountBpffs(file)).toThrow(/file/);
});

test("root lacks no capability", () => {
  expect(missingCapabilities()).toEqual([]);
  expect(missingCapabilities(["NET_ADMIN", "BPF"], "CapEff:\t0000000000001000\n")).toEqual(["BPF"]);
});

test("a NIC's driver and speed are read in its own namespace", async () => {
  createNamespace("gona-k-facts");
  createNamespace("gona-k-facts-peer");
  try {
    using kernel = LinuxKernel.open({ netns: "gona-k-facts" });
    const peer = { netns: "gona-k-facts-peer", name: "p", mac: "02:00:00:00:00:01", addresses: [] };
    await kernel.run([
      { op: "vethCreate", link: "gona-k-nic", peer },
      { op: "linkSet", link: "gona-k-nic", up: true },
    ]);
    // A veth says 10 Gbit/s whatever it does.
    expect(nicFacts("gona-k-nic", "gona-k-facts")).toEqual({
      driver: "veth",
      bus: "",
      speedBitsPerSecond: 10e9,
      tcOffload: false,
    });
    expect(() => nicFacts("gona-k-nic")).toThrow(/ENODEV/);
  } finally {
    deleteNamespace("gona-k-facts");
    deleteNamespace("gona-k-facts-peer");
  }
});

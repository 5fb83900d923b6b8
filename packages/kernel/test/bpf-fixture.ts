import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BpfObject, loadBpfObject } from "../src/bpf/load-bpf-object.ts";
import type { FakeMapDefinition } from "../src/fake/fake-map.ts";

/** The maps of fixture.bpf.c, for the fake kernel. */
export const FIXTURE_MAPS: readonly FakeMapDefinition[] = [
  { name: "test_slots", type: "array", keySize: 4, valueSize: 8, maxEntries: 4 },
  { name: "test_stations", type: "hash", keySize: 4, valueSize: 4, maxEntries: 2 },
];
export const FIXTURE_PROGRAMS = ["test_count", "test_pass"] as const;

/** Compiles fixture.bpf.c and loads it. */
export function loadFixture(): BpfObject {
  const directory = mkdtempSync(join(tmpdir(), "gona-k-bpf-"));
  try {
    const object = join(directory, "fixture.bpf.o");
    const source = join(import.meta.dirname, "fixture.bpf.c");
    const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    execFileSync("clang", ["-O2", "-g", "-target", "bpf", include, "-c", source, "-o", object]);
    return loadBpfObject(object);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ensureDirectory } from "../src/host-dirs.ts";

describe("a directory of the daemon's", () => {
  it("is made with all above it, and left alone where it is there", () => {
    const base = mkdtempSync(join(tmpdir(), "gona-d-dirs-"));
    try {
      const path = join(base, "a/b/c");
      ensureDirectory(path, "--run-dir");
      ensureDirectory(path, "--run-dir");
      expect(statSync(path).isDirectory()).toBe(true);
    } finally {
      rmSync(base, { recursive: true });
    }
  });

  // Node's recursive mkdir never returns here.
  it("is refused at once where the kernel lets nobody make one", () => {
    expect(() => ensureDirectory("/proc/gona", "--run-dir")).toThrow(
      expect.objectContaining({ code: "STORAGE", message: expect.stringContaining("/proc/gona") }),
    );
  });

  it("is refused where a file stands in its place or above it", () => {
    const base = mkdtempSync(join(tmpdir(), "gona-d-dirs-"));
    try {
      const file = join(base, "file");
      writeFileSync(file, "");
      for (const path of [file, join(file, "below")]) {
        expect(() => ensureDirectory(path, "--state-dir")).toThrow(expect.objectContaining({ code: "STORAGE" }));
      }
    } finally {
      rmSync(base, { recursive: true });
    }
  });
});

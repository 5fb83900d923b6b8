import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCount } from "./vf-facts.ts";

test.each([
  ["4\n", 4],
  ["0\n", 0],
  ["-1\n", 0],
  ["none\n", 0],
])("a count of virtual functions, %j, is %i", (text, count) => {
  const directory = mkdtempSync(join(tmpdir(), "gona-vfs-"));
  try {
    writeFileSync(join(directory, "sriov_numvfs"), text);
    expect(readCount(join(directory, "sriov_numvfs"))).toBe(count);
    expect(readCount(join(directory, "sriov_totalvfs"))).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NicId, VifId } from "@gona/model";
import { expect, test } from "vitest";
import type { RolledRow } from "../src/delivery/delivery-roll.ts";
import { SqliteDeliveryHistory } from "../src/delivery/sqlite-delivery-history.ts";

const MINUTE = 60_000;

/** A small disk of its own. */
function smallDisk(kilobytes: number) {
  const directory = mkdtempSync(join(tmpdir(), "gona-e-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "gona-e-test", directory]);
  return {
    directory,
    grow: (to: number) => execFileSync("mount", ["-o", `remount,size=${to}k`, directory]),
    [Symbol.dispose]() {
      execFileSync("umount", ["-l", directory]);
      rmSync(directory, { recursive: true });
    },
  };
}

const rows = (minute: number): RolledRow[] =>
  Array.from({ length: 500 }, (_, n) => ({
    atMs: minute * MINUTE,
    guest: `guest${n}`,
    vif: `guest${n}` as VifId,
    nic: "eth1" as NicId,
    direction: "egress",
    seconds: 60,
    offeredBitsPerSecond: 1e9 / 3,
    deliveredBitsPerSecond: 1e9 / 3,
    promisedBitsPerSecond: 1e9 / 3,
    short: false,
    shortSeconds: 0,
    reason: { kind: "guest" },
  }));

test("a disk that is full is an error, what was kept stays, and the next minute is kept when there is room", async () => {
  using disk = smallDisk(400);
  using history = SqliteDeliveryHistory.open(join(disk.directory, "history.db"));
  let kept = 0;
  const fill = () => {
    for (; kept < 1000; kept++) history.add(rows(kept));
  };
  expect(fill).toThrow(expect.objectContaining({ code: "STORAGE", message: expect.stringContaining("full") }));
  expect(kept).toBeGreaterThan(0);
  expect(await history.find({ sinceMs: 0 })).toHaveLength(kept * 500);
  disk.grow(8000);
  history.add(rows(kept));
  expect(await history.find({ sinceMs: 0 })).toHaveLength((kept + 1) * 500);
});

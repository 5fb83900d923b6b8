import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { cpioArchive } from "./cpio-archive.ts";

const archive = () =>
  cpioArchive(
    new Map([
      ["init", { data: "#!/bin/sh\n" }],
      ["lib/modules/list", { data: "a.ko\n" }],
      ["lib/empty", { data: "" }],
    ]),
  );

test("directories come before what is in them, and every file may run", () => {
  const { stdout, error } = spawnSync("cpio", ["-itv", "--quiet"], { input: archive() });
  // Without cpio the format is held by the boot of every machine.
  if (error !== undefined) return;
  const lines = stdout.toString().trim().split("\n");
  expect(lines.map((line) => [line.slice(0, 10), line.split(" ").at(-1)])).toEqual([
    ["drwxr-xr-x", "lib"],
    ["drwxr-xr-x", "lib/modules"],
    ["-rwxr-xr-x", "init"],
    ["-rwxr-xr-x", "lib/modules/list"],
    ["-rwxr-xr-x", "lib/empty"],
  ]);
});

test("the same files make the same bytes", () => {
  expect(archive()).toEqual(archive());
});

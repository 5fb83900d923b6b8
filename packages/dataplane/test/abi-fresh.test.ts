import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ABI_PATH, generateAbi } from "../scripts/generate-abi.ts";

const clang = process.env.CLANG ?? "clang";
const present = spawnSync(clang, ["--version"]).status === 0;

test("abi.ts is what bpf/gona_maps.h gives (else: node packages/dataplane/scripts/generate-abi.ts)", (context) => {
  if (!present && process.env.CI !== "true") context.skip("needs clang (Debian's package clang)");
  expect(readFileSync(ABI_PATH, "utf8")).toBe(generateAbi());
});

/** Writes packages/dataplane/src/abi.ts anew. Run it after a change of bpf/gona_maps.h; a test compares. */

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseBtf, parseElf } from "@gona/kernel";
import { buildBpf } from "../../../scripts/build-bpf.mjs";
import { abiSource } from "./abi-source.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

export const ABI_PATH = join(root, "packages/dataplane/src/abi.ts");

/** Compiles bpf/abi.bpf.c and returns the text that abi.ts must have. Throws BuildError. */
export function generateAbi(): string {
  const { path } = buildBpf({ source: join(root, "bpf/abi.bpf.c"), output: join(root, "build/bpf/abi.bpf.o") });
  const btf = parseElf(readFileSync(path)).section(".BTF");
  if (btf === undefined) throw new Error(`${path} has no BTF`);
  return abiSource(parseBtf(btf));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ABI_PATH, generateAbi());

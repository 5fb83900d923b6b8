#!/usr/bin/env node
/**
 * Compiles the daemon's programs, bpf/gona.bpf.c and bpf/gona_carriers.bpf.c, to build/bpf, only when a source
 * or a flag changed. Plain JavaScript: set-up runs it on any Node >= 18, before the pinned Node is there.
 * As a command: `node scripts/build-bpf.mjs [--force]`; prints a line for each, exit 1 with the reason.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Node's name of an architecture -> the kernel's (__TARGET_ARCH_*) and Debian's multiarch triple.
 * @type {Record<string, { target: string, triple: string } | undefined>}
 */
const ARCHITECTURES = {
  x64: { target: "x86", triple: "x86_64-linux-gnu" },
  arm64: { target: "arm64", triple: "aarch64-linux-gnu" },
};

/** Where the object of bpf/gona.bpf.c goes. */
export const OBJECT_PATH = join(ROOT, "build/bpf/gona.bpf.o");

/** What the daemon loads, of bpf/. */
const OBJECTS = ["gona", "gona_carriers", "gona_cross"];

/** Why the object could not be built; `missing` names a Debian package where one would help. */
export class BuildError extends Error {
  /** @param {string} message @param {string} [missing] */
  constructor(message, missing) {
    super(message);
    this.name = "BuildError";
    this.missing = missing;
  }
}

/** @param {string} architecture */
function compilerFlags(architecture) {
  const known = ARCHITECTURES[architecture];
  if (known === undefined) throw new BuildError(`GONA builds for x64 and arm64, not for ${architecture}`);
  const warnings = "-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare";
  return [
    ..."-O2 -g -target bpf -mcpu=v3 -fno-stack-protector".split(" "),
    `-D__TARGET_ARCH_${known.target}`,
    // clang -target bpf does not know the host's multiarch directory, where asm/types.h is.
    "-idirafter",
    `/usr/include/${known.triple}`,
    ...warnings.split(" "),
    // A user's newer clang may warn of more than ours: no reason to have no data path.
    ...(process.env.CI === "true" ? ["-Werror"] : []),
  ];
}

/**
 * Every C file below `directory`, sorted, so that the stamp does not depend on readdir's order.
 * @param {string} directory
 * @returns {string[]}
 */
function sources(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return sources(path);
      return /\.[ch]$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** @param {string} source @param {readonly string[]} flags */
function stampOf(source, flags) {
  const hash = createHash("sha256").update(JSON.stringify(flags)).update(source);
  for (const path of sources(dirname(source))) {
    hash
      .update(relative(dirname(source), path))
      .update("\0")
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

/** @param {string} clang @param {readonly string[]} flags @param {string} source @param {string} output */
function compile(clang, flags, source, output) {
  const result = spawnSync(clang, [...flags, "-c", source, "-o", output], { encoding: "utf8" });
  if (result.error !== undefined) {
    const why =
      "code" in result.error && result.error.code === "ENOENT"
        ? "is not installed"
        : `cannot be run: ${result.error.message}`;
    throw new BuildError(`${clang} ${why}; it compiles the programs of the data path`, "clang");
  }
  if (result.status === 0) return;
  const header = /fatal error: '(.*?)' file not found/.exec(result.stderr)?.[1];
  if (header?.startsWith("bpf/")) throw new BuildError(`the header <${header}> is not installed`, "libbpf-dev");
  if (header?.startsWith("asm/") || header?.startsWith("linux/")) {
    throw new BuildError(`the kernel's header <${header}> is not installed`, "linux-libc-dev");
  }
  throw new BuildError(`${clang} refused ${relative(ROOT, source)}:\n${result.stderr}`);
}

/** DWARF makes the object ten times as large; BTF stays. Without llvm-strip the object works as well. @param {string} output */
function strip(output) {
  for (const tool of ["llvm-strip", "llvm-strip-14"]) {
    if (spawnSync(tool, ["-g", output]).status === 0) return;
  }
}

/**
 * Builds when something changed. Returns the object's path and whether clang ran. Throws BuildError.
 * Two builds at once are harmless: the object appears by rename.
 * @param {{ source?: string, output?: string, flags?: readonly string[], force?: boolean, clang?: string }} [options]
 */
export function buildBpf(options = {}) {
  const source = options.source ?? join(ROOT, "bpf/gona.bpf.c");
  const output = options.output ?? OBJECT_PATH;
  if (!existsSync(source)) throw new BuildError(`${source} does not exist`);
  const flags = [...compilerFlags(process.arch), "-I", join(ROOT, "bpf"), ...(options.flags ?? [])];
  const stamp = stampOf(source, flags);
  const stampPath = `${output}.stamp`;
  const fresh = existsSync(output) && existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp;
  if (fresh && options.force !== true) return { path: output, built: false };

  mkdirSync(dirname(output), { recursive: true });
  const temporary = `${output}.${process.pid}`;
  try {
    compile(options.clang ?? process.env.CLANG ?? "clang", flags, source, temporary);
    strip(temporary);
    renameSync(temporary, output);
  } finally {
    rmSync(temporary, { force: true });
  }
  writeFileSync(stampPath, stamp);
  return { path: output, built: true };
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    for (const name of OBJECTS) {
      const { path, built } = buildBpf({
        source: join(ROOT, `bpf/${name}.bpf.c`),
        output: join(ROOT, `build/bpf/${name}.bpf.o`),
        force: process.argv.includes("--force"),
      });
      console.log(`${relative(process.cwd(), path)}: ${built ? "built" : "unchanged"}`);
    }
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`The BPF object was not built: ${error.message}`);
    if (error.missing !== undefined)
      console.error(`Debian's package ${error.missing} has it: apt-get install ${error.missing}`);
    process.exitCode = 1;
  }
}

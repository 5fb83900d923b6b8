import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { REPOSITORY } from "../bed/lab-paths.ts";
import { runCommand } from "../bed/run-command.ts";
import { type GuestKernel, moduleFiles } from "./guest-kernel.ts";

export interface InitramfsOptions {
  readonly kernel: GuestKernel;
  /** Loaded in this order at boot. */
  readonly modules: readonly string[];
  /** Programs of the host that the guest has too, with the libraries that they load. */
  readonly programs: readonly string[];
}

const INIT = join(import.meta.dirname, "guest-init.sh");
const BUSYBOX = "/bin/busybox";

/**
 * An initramfs with busybox, the modules and the programs; path of the file below build/vm. Made once for each
 * content: its name carries a hash. Throws GonaError when a tool is missing.
 */
export async function initramfs(options: InitramfsOptions): Promise<string> {
  const files = await contents(options);
  const hash = createHash("sha256").update(options.modules.join(" "));
  for (const [to, from] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`\0${to}\0`).update(readFileSync(from));
  const output = join(REPOSITORY, "build/vm", `initramfs-${hash.digest("hex").slice(0, 16)}.cpio`);
  if (existsSync(output)) return output;

  const stage = mkdtempSync(join(tmpdir(), "gona-initramfs-"));
  try {
    for (const [to, from] of files) {
      mkdirSync(join(stage, dirname(to)), { recursive: true });
      copyFileSync(from, join(stage, to));
    }
    writeFileSync(join(stage, "modules"), options.modules.join("\n"));
    const temporary = `${output}.${process.pid}`;
    await runCommand("sh", ["-ec", `cd "$0"; find . | cpio --quiet -o -H newc -R 0:0 > "$1"`, stage, temporary]);
    renameSync(temporary, output);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return output;
}

/** Path in the guest -> file on the host. */
async function contents({ kernel, modules, programs }: InitramfsOptions): Promise<Map<string, string>> {
  const files = new Map([
    ["init", INIT],
    ["bin/busybox", BUSYBOX],
  ]);
  const below = join("lib/modules", kernel.release);
  for (const name of ["modules.dep", "modules.builtin", "modules.order", ...moduleFiles(kernel, modules)])
    files.set(join(below, name), join(kernel.root, below, name));
  for (const program of programs) {
    files.set(program.slice(1), program);
    for (const [, library] of (await runCommand("ldd", [program])).matchAll(/(\/\S+) \(0x/g))
      if (library !== undefined) files.set(library.slice(1), library);
  }
  return files;
}

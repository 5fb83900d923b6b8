import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BpfMap } from "../bpf-object.ts";
import { KernelError } from "../kernel-error.ts";
import { Fd } from "../libc/fd.ts";
import type { LoadedBpf } from "../linux/linux-kernel.ts";
import { checked } from "./bpf-errno.ts";
import { libbpf } from "./libbpf.ts";
import { LibbpfProgram } from "./libbpf-program.ts";

/**
 * Pins programs below a directory of a bpffs by their names, each in place of what was pinned there before, so that
 * another process attaches them without loading them. Throws KernelError.
 */
export function pinPrograms(programs: Iterable<LibbpfProgram>, directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const names = new Set<string>();
  for (const program of programs) {
    names.add(program.name);
    const aside = join(directory, `new_${program.name}`);
    rmSync(aside, { force: true });
    program.pin(aside);
    renameSync(aside, join(directory, program.name));
  }
  // Of a build that had others.
  for (const name of readdirSync(directory)) if (!names.has(name)) rmSync(join(directory, name));
}

/** The programs that pinPrograms() left in a directory, opened as they are asked for, until disposed. */
export class PinnedPrograms implements LoadedBpf, Disposable {
  readonly #directory: string;
  readonly #open = new Map<string, { readonly program: LibbpfProgram; readonly fd: Fd }>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  map(name: string): BpfMap {
    throw new KernelError(`bpftool map show name ${name}`, "EOPNOTSUPP", "maps are the hub's own");
  }

  /** Throws KernelError: ENOENT for an unknown name. */
  program(name: string): LibbpfProgram {
    const known = this.#open.get(name);
    if (known !== undefined) return known.program;
    const path = join(this.#directory, name);
    const fd = new Fd(checked(`open BPF program ${path}`, libbpf().getObject(path)));
    try {
      const program = new LibbpfProgram(name, fd.number);
      this.#open.set(name, { program, fd });
      return program;
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#open.values()) fd.close();
    this.#open.clear();
  }
}

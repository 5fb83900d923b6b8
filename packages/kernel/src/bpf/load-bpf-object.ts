import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { GonaError } from "@gona/model/gona-error";
import { KernelError } from "../kernel-error.ts";
import { errnoName } from "../libc/errno.ts";
import { errno } from "../libc/libc.ts";
import { bpfError, checked } from "./bpf-errno.ts";
import { BpfMaps, openPinned } from "./bpf-maps.ts";
import { parseElf } from "./elf.ts";
import { type Libbpf, libbpf, memoryAt, type Pointer } from "./libbpf.ts";
import { verifierWords, withLibbpfLog } from "./libbpf-log.ts";
import { LibbpfMap } from "./libbpf-map.ts";
import { type InNamespace, LibbpfProgram } from "./libbpf-program.ts";
import { isGlobalData } from "./map-names.ts";

export interface LoadOptions {
  /** On a bpffs. Maps that are pinned there are used again, the others are pinned there. */
  readonly pinDir?: string;
  /** Maps to use again, whether pinned or not; they win over the pins. Stay the caller's to dispose. */
  readonly reuse?: BpfMaps;
  /** `const volatile` variables by name; a value must fit the variable. */
  readonly rodata?: Readonly<Record<string, number>>;
  /** Every program holds every map, so that all of them can be recovered from any attached program. */
  readonly bindMaps?: boolean;
  /** Where programs' test runs happen; the calling thread's namespace where absent. */
  readonly inNamespace?: InNamespace;
}

/** Programs and maps of one object file in the kernel. They live on where they are pinned or attached. */
export class BpfObject implements Disposable {
  readonly maps: ReadonlyMap<string, LibbpfMap>;
  readonly programs: ReadonlyMap<string, LibbpfProgram>;
  readonly #close: () => void;

  constructor(maps: Iterable<LibbpfMap>, programs: Iterable<LibbpfProgram>, close: () => void) {
    this.maps = new Map(Array.from(maps, (map) => [map.name, map]));
    this.programs = new Map(Array.from(programs, (program) => [program.name, program]));
    this.#close = close;
  }

  /** Throws KernelError when the object has no such map. */
  map(name: string): LibbpfMap {
    const map = this.maps.get(name);
    if (map === undefined) throw new KernelError(`bpf map ${name}`, "ENOENT", "the object has no such map");
    return map;
  }

  /** Throws KernelError when the object has no such program. */
  program(name: string): LibbpfProgram {
    const program = this.programs.get(name);
    if (program === undefined) throw new KernelError(`bpf prog ${name}`, "ENOENT", "the object has no such program");
    return program;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}

/**
 * Loads an object file. Throws BPF_VERIFIER with the verifier's last words, NO_LIBRARY,
 * NO_CAPABILITY, NO_KERNEL_FEATURE, STATE_OF_OTHER_BUILD (a map to be used again has another
 * layout), NOT_FOUND (no such file), or KernelError.
 */
export function loadBpfObject(path: string, options: LoadOptions = {}): BpfObject {
  if (!existsSync(path)) {
    throw new GonaError("NOT_FOUND", `there is no BPF object at ${path}`, {
      hint: "node scripts/build-bpf.mjs makes it",
    });
  }
  const lib = libbpf();
  using pinned = options.pinDir === undefined ? new BpfMaps([]) : openPinned(options.pinDir);
  const object = withLibbpfLog((messages) => {
    const opened = lib.objectOpen(path, null);
    if (opened === null) throw bpfError(`open ${path}: ${messages.join("; ")}`, -errno());
    try {
      setConstants(lib, opened, path, options.rodata ?? {});
      for (const map of mapsOf(lib, opened)) {
        const name = lib.mapName(map);
        const old = isGlobalData(name) ? undefined : (options.reuse?.find(name) ?? pinned.find(name));
        if (old !== undefined) reuse(lib, map, name, old);
      }
      const result = lib.objectLoad(opened);
      if (result < 0) throw loadError(path, result, messages);
      return opened;
    } catch (error) {
      lib.objectClose(opened);
      throw error;
    }
  });
  const close = () => lib.objectClose(object);
  try {
    if (options.bindMaps) bindMaps(lib, object);
    if (options.pinDir !== undefined) pinMaps(lib, object, options.pinDir);
    return new BpfObject(
      mapsOf(lib, object).map((map) => new LibbpfMap(lib.mapFd(map), lib.mapName(map), false)),
      programsOf(lib, object).map(
        (program) => new LibbpfProgram(lib.programName(program), lib.programFd(program), options.inNamespace),
      ),
      close,
    );
  } catch (error) {
    close();
    throw error;
  }
}

function mapsOf(lib: Libbpf, object: Pointer): Pointer[] {
  const maps: Pointer[] = [];
  for (let map = lib.nextMap(object, null); map !== null; map = lib.nextMap(object, map)) maps.push(map);
  return maps;
}

function programsOf(lib: Libbpf, object: Pointer): Pointer[] {
  const programs: Pointer[] = [];
  let program = lib.nextProgram(object, null);
  for (; program !== null; program = lib.nextProgram(object, program)) programs.push(program);
  return programs;
}

/** Writes into what libbpf will put into the frozen map. BTF's offsets are zero before the load, so the symbols count. */
function setConstants(lib: Libbpf, object: Pointer, path: string, values: Readonly<Record<string, number>>): void {
  const entries = Object.entries(values);
  if (entries.length === 0) return;
  const elf = parseElf(readFileSync(path));
  const map = mapsOf(lib, object).find((candidate) => lib.mapName(candidate).endsWith(".rodata"));
  const size = new BigUint64Array(1);
  const start = map === undefined ? null : lib.mapInitialValue(map, size);
  for (const [name, value] of entries) {
    const symbol = elf.symbol(".rodata", name);
    if (start === null || symbol === undefined) {
      throw new GonaError("BUG", `${basename(path)} has no constant named ${name}`);
    }
    if (!Number.isSafeInteger(value) || value < 0 || (symbol.size < 8 && value >= 2 ** (8 * symbol.size))) {
      throw new RangeError(`${name} has ${symbol.size} bytes; ${value} does not fit`);
    }
    const bytes = memoryAt(start, Number(size[0]));
    for (let index = 0, rest = BigInt(value); index < symbol.size; index++, rest >>= 8n) {
      bytes[symbol.offset + index] = Number(rest & 0xffn);
    }
  }
}

function reuse(lib: Libbpf, map: Pointer, name: string, old: LibbpfMap): void {
  const wanted = [lib.mapType(map), lib.mapKeySize(map), lib.mapValueSize(map), lib.mapMaxEntries(map)];
  const found = [old.info.type, old.keySize, old.valueSize, old.maxEntries];
  if (wanted.some((value, index) => value !== found[index])) {
    throw new GonaError(
      "STATE_OF_OTHER_BUILD",
      `BPF map ${name} in the kernel has another layout than this build's (type, key, value, entries)`,
      { found: found.join("/"), allowed: wanted.join("/"), hint: "if nothing uses it, remove its pin in the bpffs" },
    );
  }
  checked(`reuse BPF map ${name}`, lib.mapReuseFd(map, old.fd));
}

function bindMaps(lib: Libbpf, object: Pointer): void {
  const maps = mapsOf(lib, object).filter((map) => !isGlobalData(lib.mapName(map)));
  for (const program of programsOf(lib, object)) {
    for (const map of maps) {
      const result = lib.bindMap(lib.programFd(program), lib.mapFd(map), null);
      checked(`bind BPF map ${lib.mapName(map)} to ${lib.programName(program)}`, result);
    }
  }
}

function pinMaps(lib: Libbpf, object: Pointer, directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const map of mapsOf(lib, object)) {
    const name = lib.mapName(map);
    const path = join(directory, name);
    if (isGlobalData(name) || existsSync(path)) continue;
    checked(`pin BPF map at ${path}`, lib.mapPin(map, path));
  }
}

function loadError(path: string, result: number, messages: readonly string[]): GonaError {
  const name = errnoName(-result);
  const words = verifierWords(messages);
  if (name === "EPERM") {
    // Also the verifier's answer to what only CAP_PERFMON may do. libbpf's own guesses lead astray.
    const cause = new Error(words ?? messages.join("; "));
    const needed = "root, or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, is needed";
    return new GonaError("NO_CAPABILITY", `the kernel does not let this process load BPF; ${needed}`, {}, { cause });
  }
  if (words !== undefined && words !== "") {
    const program = messages.join("\n").match(/prog '(\w+)'/)?.[1];
    const what = program === undefined ? basename(path) : `${basename(path)}, program ${program}`;
    return new GonaError("BPF_VERIFIER", `the kernel's verifier refused ${what} (${name}):\n${words}`);
  }
  const said = messages.join("; ");
  if (!existsSync("/sys/kernel/btf/vmlinux") || /BTF is required|find valid kernel BTF/.test(said)) {
    return new GonaError(
      "NO_KERNEL_FEATURE",
      `${basename(path)} needs BTF: /sys/kernel/btf/vmlinux is missing (${said})`,
    );
  }
  return bpfError(`load ${basename(path)}${said === "" ? "" : ` (${said})`}`, result);
}

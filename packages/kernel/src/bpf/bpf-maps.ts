import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { checked } from "./bpf-errno.ts";
import { KERNEL_NAME_LENGTH, programInfoById } from "./bpf-info.ts";
import { libbpf } from "./libbpf.ts";
import { LibbpfMap } from "./libbpf-map.ts";
import { isGlobalData } from "./map-names.ts";

/** Maps that outlived the process which made them; a new object can be loaded over them. */
export class BpfMaps implements Disposable {
  readonly #byKernelName: ReadonlyMap<string, LibbpfMap>;

  constructor(maps: Iterable<LibbpfMap>) {
    this.#byKernelName = new Map(Array.from(maps, (map) => [map.name.slice(0, KERNEL_NAME_LENGTH), map]));
  }

  get size(): number {
    return this.#byKernelName.size;
  }

  /** By the full name or the kernel's cut one. */
  find(name: string): LibbpfMap | undefined {
    return this.#byKernelName.get(name.slice(0, KERNEL_NAME_LENGTH));
  }

  [Symbol.iterator](): IterableIterator<LibbpfMap> {
    return this.#byKernelName.values();
  }

  [Symbol.dispose](): void {
    for (const map of this.#byKernelName.values()) map[Symbol.dispose]();
  }
}

/** The maps pinned in a directory; none where it does not exist. Throws GonaError. */
export function openPinned(directory: string): BpfMaps {
  if (!existsSync(directory)) return new BpfMaps([]);
  return gather(readdirSync(directory), (name) => {
    const path = join(directory, name);
    return new LibbpfMap(checked(`open ${path}`, libbpf().getObject(path)), name);
  });
}

/**
 * The maps that a loaded program uses, its constants left out: what is needed to take over when the
 * pins are gone but the filters still run. Undefined when the program is gone. Throws GonaError.
 */
export function recoverFromProgram(programId: number): BpfMaps | undefined {
  const info = programInfoById(programId);
  if (info === undefined) return undefined;
  const maps = gather(info.mapIds, (id) => new LibbpfMap(checked(`open BPF map ${id}`, libbpf().mapFdById(id))));
  const kept = [];
  for (const map of maps) {
    if (isGlobalData(map.name)) map[Symbol.dispose]();
    else kept.push(map);
  }
  return new BpfMaps(kept);
}

/** All or nothing: an error closes what was opened before it. */
function gather<T>(items: readonly T[], open: (item: T) => LibbpfMap): BpfMaps {
  const maps: LibbpfMap[] = [];
  try {
    for (const item of items) maps.push(open(item));
  } catch (error) {
    for (const map of maps) map[Symbol.dispose]();
    throw error;
  }
  return new BpfMaps(maps);
}

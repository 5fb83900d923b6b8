/** A BPF map by name; keys and values are raw bytes in the layout of bpf/gona_maps.h. */
export interface BpfMap {
  readonly name: string;
  readonly keySize: number;
  /** Of one value; a per-CPU map's values are read as one such value per possible CPU. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly perCpu: boolean;
  get(key: Uint8Array): Uint8Array | undefined;
  put(key: Uint8Array, value: Uint8Array): void;
  /** keys.length === values.length; one syscall where the kernel can. */
  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[]): void;
  /** False when the key was not there. */
  delete(key: Uint8Array): boolean;
  /** Every entry (an array map: every index), in the kernel's order; batched. */
  entries(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]>;
}

export interface BpfProgram {
  readonly name: string;
  readonly id: number;
  /** Whether the program of this id has the same code over the same maps: as good as this one. */
  isAlike(programId: number): boolean;
  /** BPF_PROG_TEST_RUN in the kernel's own namespace. Throws KernelError. */
  testRun(input: ProgramInput): ProgramOutput;
}

export interface ProgramInput {
  /** The frame, at least 14 bytes. */
  readonly packet: Uint8Array;
  /** Fields of __sk_buff to begin with. */
  readonly context?: {
    readonly ifindex?: number;
    readonly mark?: number;
    readonly priority?: number;
    readonly gsoSegments?: number;
    readonly gsoSize?: number;
  };
  readonly repeat?: number;
  /** In the namespace that this link is in; absent: in the kernel's own. */
  readonly link?: string;
}

export interface ProgramOutput {
  /** TC_ACT_*: -1 unspec, 0 ok, 2 shot, 7 redirect. */
  readonly returned: number;
  readonly packet: Uint8Array;
  readonly context: { readonly mark: number; readonly priority: number };
  /** Of one run, mean over `repeat`. */
  readonly nanoseconds: number;
}

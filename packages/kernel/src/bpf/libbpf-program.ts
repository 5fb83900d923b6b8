import type { BpfProgram, ProgramInput, ProgramOutput } from "../bpf-object.ts";
import { Fd } from "../libc/fd.ts";
import { addressOf } from "../libc/libc.ts";
import { checked } from "./bpf-errno.ts";
import { mapNameById, type ProgramInfo, programInfo, programInfoById } from "./bpf-info.ts";
import { libbpf } from "./libbpf.ts";
import { isGlobalData } from "./map-names.ts";

/** Runs synchronous work in a network namespace, that of a link: BPF_PROG_TEST_RUN takes that of the calling thread. */
export type InNamespace = <T>(work: () => T, link?: string) => T;

/** struct __sk_buff: its size and the fields that BPF_PROG_TEST_RUN lets a caller set. */
const SKB = { size: 192, mark: 8, priority: 32, ifindex: 40, gsoSegments: 164, gsoSize: 176 } as const;
/** struct bpf_test_run_opts. */
const OPTS = {
  size: 80,
  dataIn: 8,
  dataOut: 16,
  dataSizeIn: 24,
  dataSizeOut: 28,
  contextIn: 32,
  contextOut: 40,
  contextSizeIn: 48,
  contextSizeOut: 52,
  returned: 56,
  repeat: 60,
  duration: 64,
} as const;
/** Room for tags and headers that a program adds. */
const GROWTH = 256;

/** A loaded program; `fd` stays open while the object that it came from does. */
export class LibbpfProgram implements BpfProgram {
  readonly name: string;
  readonly fd: number;
  readonly id: number;
  /** Hash of its instructions, hex: equal for equal code, map contents and addresses left out. */
  readonly tag: string;
  readonly info: ProgramInfo;
  readonly #inNamespace: InNamespace;
  readonly #alike = new Map<number, boolean>();

  constructor(name: string, fd: number, inNamespace: InNamespace = (work) => work()) {
    this.name = name;
    this.fd = fd;
    this.info = programInfo(fd);
    this.id = this.info.id;
    this.tag = this.info.tag;
    this.#inNamespace = inNamespace;
  }

  /** Makes the program reachable by a path on a bpffs, as `tc … object-pinned` wants it. Throws KernelError. */
  pin(path: string): void {
    checked(`pin BPF program at ${path}`, libbpf().pinObject(this.fd, path));
  }

  /** Runs at each pass of a tracepoint of the kernel's, until what comes back is closed. Throws KernelError. */
  attachTracepoint(name: string): Fd {
    return new Fd(checked(`attach to tracepoint ${name}`, libbpf().openRawTracepoint(name, this.fd)));
  }

  isAlike(programId: number): boolean {
    if (programId === this.id) return true;
    const known = this.#alike.get(programId);
    if (known !== undefined) return known;
    const other = programInfoById(programId);
    const alike = other !== undefined && other.tag === this.tag && sameMaps(this.info.mapIds, other.mapIds);
    this.#alike.set(programId, alike); // ids are not used again within 2^31 loads
    return alike;
  }

  testRun(input: ProgramInput): ProgramOutput {
    // One piece of memory for all that the kernel finds by address: it lives while `opts` is in use.
    const packetAt = OPTS.size + 2 * SKB.size;
    const packetOutAt = packetAt + input.packet.length;
    const memory = new Uint8Array(packetOutAt + input.packet.length + GROWTH);
    const address = addressOf(memory);
    const opts = memory.subarray(0, OPTS.size);
    memory.set(encodeContext(input.context), OPTS.size);
    memory.set(input.packet, packetAt);
    const view = new DataView(memory.buffer);
    const point = (field: number, at: number): void => view.setBigUint64(field, address + BigInt(at), true);
    view.setBigUint64(0, BigInt(OPTS.size), true);
    point(OPTS.dataIn, packetAt);
    point(OPTS.dataOut, packetOutAt);
    view.setUint32(OPTS.dataSizeIn, input.packet.length, true);
    view.setUint32(OPTS.dataSizeOut, input.packet.length + GROWTH, true);
    point(OPTS.contextIn, OPTS.size);
    point(OPTS.contextOut, OPTS.size + SKB.size);
    view.setUint32(OPTS.contextSizeIn, SKB.size, true);
    view.setUint32(OPTS.contextSizeOut, SKB.size, true);
    view.setUint32(OPTS.repeat, input.repeat ?? 1, true);

    const result = this.#inNamespace(() => libbpf().testRun(this.fd, opts), input.link);
    checked(`bpf prog test_run ${this.name}`, result);

    const skb = new DataView(memory.buffer, OPTS.size + SKB.size, SKB.size);
    return {
      returned: view.getInt32(OPTS.returned, true),
      packet: memory.slice(packetOutAt, packetOutAt + view.getUint32(OPTS.dataSizeOut, true)),
      context: { mark: skb.getUint32(SKB.mark, true), priority: skb.getUint32(SKB.priority, true) },
      nanoseconds: view.getUint32(OPTS.duration, true),
    };
  }
}

function encodeContext(context: ProgramInput["context"] = {}): Uint8Array {
  const bytes = new Uint8Array(SKB.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(SKB.mark, context.mark ?? 0, true);
  view.setUint32(SKB.priority, context.priority ?? 0, true);
  view.setUint32(SKB.ifindex, context.ifindex ?? 0, true);
  view.setUint32(SKB.gsoSegments, context.gsoSegments ?? 0, true);
  view.setUint32(SKB.gsoSize, context.gsoSize ?? 0, true);
  return bytes;
}

/** Maps of constants are made anew with each load; the instructions' hash tells nothing of the others. */
function sameMaps(mine: readonly number[], others: readonly number[]): boolean {
  const shared = (ids: readonly number[]) => ids.filter((id) => !isGlobalData(mapNameById(id))).sort((a, b) => a - b);
  return shared(mine).join() === shared(others).join();
}

import { closeSync } from "node:fs";
import { addressOf } from "../libc/libc.ts";
import { checked } from "./bpf-errno.ts";
import { libbpf } from "./libbpf.ts";

/** BPF_OBJ_NAME_LEN less the NUL: the kernel cuts longer names. */
export const KERNEL_NAME_LENGTH = 15;

/** enum bpf_map_type, those that keep one value per possible CPU. */
const PER_CPU_TYPES: ReadonlySet<number> = new Set([5, 6, 10, 21]);

export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Cut to 15 bytes. */
  readonly name: string;
  readonly perCpu: boolean;
}

export interface ProgramInfo {
  readonly id: number;
  /** Hash of the instructions, hex: equal for equal code. */
  readonly tag: string;
  /** Cut to 15 bytes. */
  readonly name: string;
  readonly mapIds: readonly number[];
}

function info(fd: number, size: number, fill?: (view: DataView) => void): DataView {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  fill?.(view);
  checked("read a BPF object's description", libbpf().infoByFd(fd, bytes, Uint32Array.of(size)));
  return view;
}

function text(view: DataView, offset: number): string {
  const bytes = Buffer.from(view.buffer, offset, KERNEL_NAME_LENGTH + 1);
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}

/** struct bpf_map_info of an open map. Throws GonaError. */
export function mapInfo(fd: number): MapInfo {
  const view = info(fd, 88);
  const u32 = (offset: number) => view.getUint32(offset, true);
  const type = u32(0);
  return {
    type,
    id: u32(4),
    keySize: u32(8),
    valueSize: u32(12),
    maxEntries: u32(16),
    flags: u32(20),
    name: text(view, 24),
    perCpu: PER_CPU_TYPES.has(type),
  };
}

/** struct bpf_prog_info of an open program. Throws GonaError. */
export function programInfo(fd: number): ProgramInfo {
  const size = 88; // up to and with `name`, ifindex, netns: all that is read
  const count = info(fd, size).getUint32(52, true);
  const ids = new Uint32Array(count);
  const view = info(fd, size, (request) => {
    request.setUint32(52, count, true);
    if (count > 0) request.setBigUint64(56, addressOf(new Uint8Array(ids.buffer)), true);
  });
  return {
    id: view.getUint32(4, true),
    tag: Buffer.from(view.buffer, 8, 8).toString("hex"),
    name: text(view, 64),
    mapIds: [...ids],
  };
}

/** Description of a program by its id; undefined when it is gone. */
export function programInfoById(id: number): ProgramInfo | undefined {
  const fd = libbpf().programFdById(id);
  if (fd === -2) return undefined; // ENOENT
  checked(`open BPF program ${id}`, fd);
  try {
    return programInfo(fd);
  } finally {
    closeSync(fd);
  }
}

/** Name of a map by its id, cut to 15 bytes; empty when it is gone. */
export function mapNameById(id: number): string {
  const fd = libbpf().mapFdById(id);
  if (fd === -2) return ""; // ENOENT
  checked(`open BPF map ${id}`, fd);
  try {
    return mapInfo(fd).name;
  } finally {
    closeSync(fd);
  }
}

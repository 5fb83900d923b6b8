import type { ClassState, Kernel } from "@gona/kernel";
import { minorKind, minorSlot } from "@gona/planner";
import {
  type GonaSliceCounters,
  type GonaVerdictCounters,
  gonaSliceCounters,
  gonaVerdictCounters,
  Limit,
  Verdict,
} from "./abi.ts";
import type { Codec } from "./codec.ts";
import { HOST_CLASS, HTB_HANDLE, ROOT_CLASS } from "./htb.ts";
import { indexKey } from "./map-keys.ts";

/** Of one slice since it got its number; sum over the CPUs. Zeros for a slot or number that no slice has. */
export function readSliceCounters(kernel: Kernel, vifSlot: number, slice: number): GonaSliceCounters {
  const bytes = kernel.map("gona_slice_stats").get(indexKey(vifSlot * Limit.MAX_SLICES + slice));
  return sumOverCpus(gonaSliceCounters, bytes ?? new Uint8Array());
}

/** Packets and bytes by reason since the maps were made; the name is the verdict's in small letters (`to_wire`). */
export function readVerdicts(kernel: Kernel): ReadonlyMap<string, GonaVerdictCounters> {
  const map = kernel.map("gona_verdicts");
  const verdicts = new Map<string, GonaVerdictCounters>();
  for (const [name, number] of Object.entries(Verdict)) {
    if (number === Verdict.NONE || number === Verdict.MAX) continue;
    verdicts.set(name.toLowerCase(), sumOverCpus(gonaVerdictCounters, map.get(indexKey(number)) ?? new Uint8Array()));
  }
  return verdicts;
}

export interface QueueCounters {
  /** Of all that passed the tree. */
  readonly root: ClassState["sent"];
  /** Of the default class: the host's own traffic on a NIC. */
  readonly host: ClassState["sent"];
  /** Of the slices, by vif slot. */
  readonly slices: ReadonlyMap<number, ClassState["sent"]>;
}

const NOTHING = { bytes: 0n, packets: 0n, drops: 0n, backlogBytes: 0n };

/**
 * What the HTB classes of a link sent, dropped and hold; bytes as the wire has them. Of a slice with
 * parts: what passed all of them, and the sums of what they dropped and hold.
 */
export function readQueueCounters(kernel: Kernel, link: string): QueueCounters {
  const slices = new Map<number, ClassState["sent"]>();
  let [root, host] = [NOTHING, NOTHING];
  if (kernel.link(link) === undefined) return { root, host, slices };
  for (const { classid, sent } of kernel.classes(link)) {
    const minor = classid & 0xffff;
    if (classid >>> 16 !== HTB_HANDLE >>> 16) continue;
    if (classid === ROOT_CLASS) root = sent;
    else if (classid === HOST_CLASS) host = sent;
    else if (minorKind(minor) !== "tree") addClass(slices, minor, sent);
  }
  return { root, host, slices };
}

function addClass(slices: Map<number, ClassState["sent"]>, minor: number, sent: ClassState["sent"]): void {
  const kind = minorKind(minor);
  // What passed a pacer, or a part, passed its slice.
  if (kind === "pacer") return;
  const vifSlot = minorSlot(minor);
  const sum = slices.get(vifSlot) ?? NOTHING;
  const passed = kind === "part" ? NOTHING : sent;
  slices.set(vifSlot, {
    bytes: sum.bytes + passed.bytes,
    packets: sum.packets + passed.packets,
    drops: sum.drops + sent.drops,
    backlogBytes: sum.backlogBytes + sent.backlogBytes,
  });
}

/** A per-CPU value holds one struct for each possible CPU. All members are counters. */
function sumOverCpus<T extends { readonly [name in keyof T]: bigint }>(codec: Codec<T>, bytes: Uint8Array): T {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sum: Record<string, bigint> = { ...codec.read(new DataView(new ArrayBuffer(codec.size)), 0) };
  for (let at = 0; at + codec.size <= bytes.length; at += codec.size) {
    for (const [name, value] of Object.entries<bigint>(codec.read(view, at))) sum[name] = (sum[name] ?? 0n) + value;
  }
  return sum as T;
}

import { describeHtbClass, describeQdisc, describeVfChange } from "./describe-op.ts";
import type { Kernel, LinkState } from "./kernel.ts";
import { formatTcHandle, TC_CLSACT, TC_ROOT, type TcHandle } from "./kernel-op.ts";

export interface KernelStateFormat {
  /** Links of interest, in the order to print; all that the kernel has, by name, unless given. */
  readonly links?: readonly string[];
  /** MACs too: false where the kernel chose them. */
  readonly macs?: boolean;
  /**
   * Maps of interest. A formatter gives the text of one entry, or undefined to leave it out; it is
   * where pointers and ifindexes are hidden. `"hex"` prints bytes and leaves out values of zeros.
   */
  readonly maps?: Readonly<Record<string, "hex" | ((key: Uint8Array, value: Uint8Array) => string | undefined)>>;
}

/**
 * Golden text of a kernel's state: links, qdiscs, classes, filters and maps, without ifindexes,
 * counters, ids or handles that the kernel picked. Deterministic: the fake and the real kernel
 * print the same after the same operations.
 */
export function formatKernelState(kernel: Kernel, format: KernelStateFormat = {}): string {
  const names =
    format.links ??
    kernel
      .links()
      .map(({ name }) => name)
      .sort();
  const lines: string[] = [];
  for (const name of names) {
    const link = kernel.link(name);
    if (link === undefined) lines.push(`link ${name} missing`);
    else lines.push(formatLink(link, format.macs ?? true), ...formatQueues(kernel, name));
  }
  for (const [name, formatter] of Object.entries(format.maps ?? {})) {
    lines.push(`map ${name}`);
    const entries: string[] = [];
    for (const [key, value] of kernel.map(name).entries()) {
      const text = formatter === "hex" ? formatHex(key, value) : formatter(key, value);
      if (text !== undefined) entries.push(`  ${text}`);
    }
    lines.push(...entries.sort());
  }
  return `${lines.join("\n")}\n`;
}

function formatLink(link: LinkState, withMac: boolean): string {
  const words = [
    `link ${link.name}`,
    link.kind === "" ? "hardware" : link.kind,
    link.up ? "up" : "down",
    link.carrier ? "carrier" : "no-carrier",
    `mtu ${link.mtu}`,
  ];
  if (withMac) words.push(`mac ${link.mac}`);
  if (link.peerElsewhere) words.push("peer-elsewhere");
  if (link.peer !== undefined) words.push(`peer ${link.peer}`);
  if (link.alias !== undefined) words.push(`alias ${JSON.stringify(link.alias)}`);
  if (link.macvlan !== undefined) words.push(`on ${link.lower} mode ${link.macvlan}`);
  if (link.master !== undefined) words.push(`master ${link.master}`);
  return words.join(" ");
}

function formatQueues(kernel: Kernel, name: string): string[] {
  const lines: string[] = [];
  // The kernel's order of classes is that of its hash table.
  const qdiscs = [...kernel.qdiscs(name)].sort((a, b) => rank(a.parent) - rank(b.parent));
  for (const { parent, handle, qdisc } of qdiscs) {
    if (handle === 0) continue; // the kernel's own default, which no one asked for
    const place = parent === TC_CLSACT ? "ingress" : parent === TC_ROOT ? "root" : `parent ${formatTcHandle(parent)}`;
    lines.push(`  qdisc ${place} ${formatOwnHandle(handle)} ${describeQdisc(qdisc)}`);
  }
  const classes = [...kernel.classes(name)].sort((a, b) => a.classid - b.classid);
  for (const { parent, classid, leaf, htb } of classes) {
    const below = leaf === 0 ? "" : ` leaf ${formatOwnHandle(leaf)}`;
    lines.push(`  class ${formatTcHandle(classid)} parent ${formatTcHandle(parent)}${below} ${describeHtbClass(htb)}`);
  }
  for (const { preference, program, classid } of kernel.filters(name)) {
    lines.push(`  filter ingress pref ${preference} bpf ${program} classid 0x${classid.toString(16)}`);
  }
  for (const { preference, program, classid } of kernel.filters(name, "egress")) {
    lines.push(`  filter egress pref ${preference} bpf ${program} classid 0x${classid.toString(16)}`);
  }
  for (const { vf, ...state } of kernel.vfs(name)) lines.push(`  vf ${vf}${describeVfChange(state)}`);
  return lines;
}

/** Clsact first, then the root, then by class. */
const rank = (parent: TcHandle): number => (parent === TC_CLSACT ? -2 : parent === TC_ROOT ? -1 : parent);

/** Handles from 8000: up are picked by the kernel. */
const formatOwnHandle = (handle: TcHandle): string =>
  handle >>> 16 >= 0x8000 && handle >>> 16 < 0xa000 ? "auto:" : formatTcHandle(handle);

function formatHex(key: Uint8Array, value: Uint8Array): string | undefined {
  if (value.every((byte) => byte === 0)) return undefined;
  return `${Buffer.from(key).toString("hex")} ${Buffer.from(value).toString("hex")}`;
}

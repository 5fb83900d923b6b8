import { type LinuxKernel, loadBpfObject, TC_CLSACT, tcHandle } from "@gona/kernel";

const PROGRAM = "gona_cross";
const RESOLVE = "gona_resolve_way";
const MAP = "gona_crosses";
/** After the hub's own filters: a NIC that is on its way between hub and machine loses nothing. */
const PREFERENCE = 0xa09b;
/** Key of an entry that no link has: where a way's net_device is looked up before it counts. */
const NO_LINK = 0;
const SHORTEST_PACKET = new Uint8Array(14);
const TC_ACT_OK = 0;

/** Where a frame that comes in by a link goes on: by the first link that lives. */
export type Ways = readonly [first: string, second?: string];

/**
 * Crossings between links of the hub (bpf/gona_cross.bpf.c). The programs that a filter holds outlive the daemon; the
 * next one puts all crossings anew, into a map of its own.
 */
export class Crossings implements Disposable {
  readonly #kernel: LinuxKernel;
  readonly #object: Disposable;
  /** Kernel address of a link's net_device, by ifindex. */
  readonly #devices = new Map<number, bigint>();

  /** `kernel`: the hub's, used for this alone. Throws as loadBpfObject. */
  constructor(kernel: LinuxKernel, object: string) {
    this.#kernel = kernel;
    const loaded = loadBpfObject(object, { inNamespace: (work) => kernel.inside(work) });
    kernel.useBpf(loaded);
    this.#object = loaded;
  }

  /** Atomically in place of what was there. `guarded`: a way without carrier is passed over. Throws KernelError. */
  async set(from: string, ways: Ways, guarded: boolean): Promise<void> {
    const ifindex = this.#ifindex(from);
    const found = ways.flatMap((way) => (way === undefined ? [] : [this.#ifindex(way)]));
    const devices = found.map((way) => (guarded ? this.#device(way) : 0n));
    this.#kernel.map(MAP).put(key(ifindex), encode(found, devices));
    await this.#kernel.run([
      { op: "qdiscReplace", link: from, parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
      { op: "filterReplace", link: from, preference: PREFERENCE, program: PROGRAM, classid: 1 },
    ]);
  }

  /** Nothing of ours is left on the link; one that is not there has nothing. Throws KernelError. */
  async clear(from: string): Promise<void> {
    const link = this.#kernel.link(from);
    if (link === undefined) return;
    if (this.#kernel.filters(from).some(({ preference }) => preference === PREFERENCE))
      await this.#kernel.run([{ op: "filterDelete", link: from, preference: PREFERENCE }]);
    this.#kernel.map(MAP).delete(key(link.ifindex));
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
    this.#kernel[Symbol.dispose]();
  }

  #ifindex(name: string): number {
    const link = this.#kernel.link(name);
    if (link === undefined) throw new Error(`there is no link ${name}`);
    return link.ifindex;
  }

  /** 0 where it cannot be found: such a way is taken for alive. */
  #device(ifindex: number): bigint {
    const known = this.#devices.get(ifindex);
    if (known !== undefined) return known;
    const crosses = this.#kernel.map(MAP);
    crosses.put(key(NO_LINK), encode([ifindex], [0n]));
    const context = { ifindex, mark: NO_LINK };
    const { returned } = this.#kernel.program(RESOLVE).testRun({ packet: SHORTEST_PACKET, context });
    const entry = crosses.get(key(NO_LINK));
    const device = returned === TC_ACT_OK && entry !== undefined ? Buffer.from(entry).readBigUInt64LE(0) : 0n;
    if (device !== 0n) this.#devices.set(ifindex, device);
    return device;
  }
}

function key(ifindex: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(ifindex);
  return bytes;
}

/** struct gona_cross. */
function encode(ifindexes: readonly number[], devices: readonly bigint[]): Uint8Array {
  const bytes = Buffer.alloc(24);
  for (const [way, ifindex] of ifindexes.entries()) {
    bytes.writeBigUInt64LE(devices[way] ?? 0n, 8 * way);
    bytes.writeUInt32LE(ifindex, 16 + 4 * way);
  }
  return bytes;
}

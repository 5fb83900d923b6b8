import type { Kernel } from "@gona/kernel";
import { pathPlace } from "@gona/planner";
import { Direction, gonaDrain, gonaPath, gonaPeer, gonaSteerKey, Limit } from "./abi.ts";
import { macBytes, macText } from "./mac-bytes.ts";
import { indexKey } from "./map-keys.ts";

/** A sender on the wire to a vif. */
export interface PeerCount {
  readonly vifSlot: number;
  readonly vlan: number;
  readonly mac: string;
  /** Whose MAC it sends to. */
  readonly slice: number | "own";
  /** Since it has its place. */
  readonly rxBytes: number;
}

/** Which slice's MAC a peer is to learn. */
export interface Steer {
  readonly vifSlot: number;
  readonly vlan: number;
  readonly mac: string;
  readonly slice: number;
}

/** What the packet path remembers of a flow. */
export interface FlowPlace {
  /** That it leaves by, and that it left by before that. */
  readonly slice: number;
  readonly before: number;
  /** How often it changed; 65535: so often or more. */
  readonly moves: number;
  /** How long ago it took the present slice. */
  readonly agoMs: number;
  /** How long ago its last packet was out, as far as the virtual queues know; negative: it still waits. */
  readonly outMs: number;
}

/** gona_peer.slice of a peer that sends to the vif's own MAC. */
const OWN_MAC = 0xff;
const PEER = { bytes: 0, vif: 16, vlan: 20, mac: 22, slice: 28 } as const;
const TWO_TO_32 = 2 ** 32;

/** What the balancer reads of the packet path and tells it. All methods throw KernelError. */
export class BalanceMaps {
  readonly #kernel: Pick<Kernel, "map">;

  constructor(kernel: Pick<Kernel, "map">) {
    this.#kernel = kernel;
  }

  /** By vif slot, when it last carried something: equal at two looks, it did nothing in between. One system call. */
  ticks(direction: "tx" | "rx"): Uint32Array {
    const key = indexKey(direction === "tx" ? Direction.TX : Direction.RX);
    const value = this.#kernel.map("gona_seen").get(key);
    return value === undefined ? new Uint32Array(Limit.MAX_VIFS) : words(value);
  }

  /** What a vif sent by each bucket, ever; undefined where it is not counted. */
  bucketBytes(vifSlot: number): Float64Array | undefined {
    const value = this.#kernel.map("gona_bucket_bytes").get(indexKey(vifSlot));
    if (value === undefined) return undefined;
    // Not by the codec, nor as bigint: thousands are read each second.
    const halves = words(value);
    const bytes = new Float64Array(Limit.BUCKETS);
    for (let bucket = 0; bucket < bytes.length; bucket++) bytes[bucket] = number64(halves, 2 * bucket);
    return bytes;
  }

  /** Where a flow of a balanced vif is, by flowHash(); undefined where nothing of it is remembered. */
  flow(vifSlot: number, hash: number): FlowPlace | undefined {
    const { index, check } = pathPlace(hash, vifSlot);
    const value = this.#kernel.map("gona_paths").get(indexKey(index));
    const path = value === undefined ? undefined : gonaPath.decode(value);
    if (path?.check !== check) return undefined;
    // CLOCK_MONOTONIC, as bpf_ktime_get_ns().
    const now = process.hrtime.bigint();
    const { slice, before, moves } = path;
    return { slice, before, moves, agoMs: milliseconds(now - path.sinceNs), outMs: milliseconds(now - path.departsNs) };
  }

  /** The rate at which a slice's queue drains; 0: its limit. */
  setDrain(vifSlot: number, slice: number, bytesPerSecond: number): void {
    const value = gonaDrain.encode({ txBytesPerS: BigInt(Math.round(bytesPerSecond)) });
    this.#kernel.map("gona_drains").put(indexKey(vifSlot * Limit.MAX_SLICES + slice), value);
  }

  /** All back to their limits. */
  clearDrains(): void {
    const map = this.#kernel.map("gona_drains");
    for (const [key, value] of map.entries()) {
      if (value.some((byte) => byte !== 0)) map.put(key.slice(), new Uint8Array(gonaDrain.size));
    }
  }

  /** All that have a place. */
  peers(): readonly PeerCount[] {
    const peers: PeerCount[] = [];
    for (const [, value] of this.#kernel.map("gona_peers").entries()) {
      // Most places are free.
      if (value[PEER.vif] === 0 && value[PEER.vif + 1] === 0) continue;
      const view = new DataView(value.buffer, value.byteOffset, gonaPeer.size);
      const vif = view.getUint32(PEER.vif, true);
      const slice = view.getUint8(PEER.slice);
      peers.push({
        vifSlot: vif - 1,
        vlan: view.getUint16(PEER.vlan, true),
        mac: macText(value, PEER.mac),
        slice: slice === OWN_MAC ? "own" : slice,
        rxBytes: view.getUint32(PEER.bytes, true) + TWO_TO_32 * view.getUint32(PEER.bytes + 4, true),
      });
    }
    return peers;
  }

  steers(): readonly Steer[] {
    return Array.from(this.#kernel.map("gona_steers").entries(), ([key, value]) => {
      const { vif, vlan, mac } = gonaSteerKey.decode(key);
      const slice = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
      return { vifSlot: vif, vlan, mac: macText(mac), slice };
    });
  }

  steer(steer: Steer): void {
    this.#kernel.map("gona_steers").put(steerKey(steer), indexKey(steer.slice));
  }

  /** Back to what its hash says. */
  unsteer(steer: Omit<Steer, "slice">): void {
    this.#kernel.map("gona_steers").delete(steerKey(steer));
  }
}

const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds) / 1e6;

const steerKey = ({ vifSlot, vlan, mac }: Omit<Steer, "slice">): Uint8Array =>
  gonaSteerKey.encode({ vif: vifSlot, vlan, mac: macBytes(mac) });

const words = (value: Uint8Array): Uint32Array =>
  new Uint32Array(value.buffer, value.byteOffset, Math.floor(value.byteLength / 4));

const number64 = (halves: Uint32Array, at: number): number => (halves[at] ?? 0) + TWO_TO_32 * (halves[at + 1] ?? 0);

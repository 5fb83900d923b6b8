import { flowHash, pathPlace } from "@gona/planner";
import { type GonaPath, gonaBucketBytes, gonaDrain, gonaPath, Limit } from "../src/abi.ts";
import { indexKey } from "../src/map-keys.ts";
import { ethernet, ipv4, udp } from "./packets.ts";
import { type BenchResult, type BenchVif, ProgramBench } from "./program-bench.ts";
import { PEER } from "./test-host.ts";

export const SLOT = 3;
export const MAC = "52:54:00:00:05:03";
/** Bytes/s of both slices: so few that queues are long beside what a test takes on a busy machine. */
export const RATE = 10_000;
export const SECOND = 1_000_000_000n;
export const MILLISECOND = 1_000_000n;
const CLASS = (Limit.HTB_MAJOR * 0x10000 + 8) >>> 0;
const FROM = "10.0.0.1";
const TO = "10.0.0.9";
const HEADERS = 42;

export const now = (): bigint => process.hrtime.bigint();

/** Two slices of one guest; its buckets point to the first. The class of a packet tells its slice. */
export class PathBench extends ProgramBench {
  /** A source port that no test had before. */
  port = 1;

  /** Before each test: both NICs up, no queues, another flow. */
  begin(): void {
    this.port++;
    for (const slot of [0, 1]) this.nic({ slot });
    this.guest(["FLOWLET"]);
    for (const slice of [0, 1]) this.drain(slice, 0);
    this.queues(0n, 0n);
    this.object.map("gona_bucket_bytes").put(indexKey(SLOT), new Uint8Array(gonaBucketBytes.size));
  }

  guest(flags: BenchVif["flags"] = ["FLOWLET"], more: Partial<BenchVif> = {}): void {
    const slices = [0, 1].map((nic) => ({ nic, mac: MAC, classid: CLASS + 8 * nic, txBytesPerS: RATE }));
    this.vif({ slot: SLOT, mac: MAC, flags, slices, bucket: () => 0, ...more });
  }

  /** When the virtual queues of both slices end, and their pacers', where those differ. */
  queues(first: bigint, second: bigint, pacers: readonly bigint[] = [first, second], slot = SLOT): void {
    for (const [slice, end] of [first, second].entries()) {
      const finishNs = Array.from({ length: 8 }, (_, part) => (part === Limit.PART_REST ? (pacers[slice] ?? 0n) : end));
      this.setClock(slot, slice, "TX", { finishNs });
    }
  }

  finish(slice: number, part = 0): bigint {
    return this.clock(SLOT, slice, "TX").finishNs[part] ?? 0n;
  }

  drain(slice: number, txBytesPerS: number): void {
    const value = gonaDrain.encode({ txBytesPerS: BigInt(txBytesPerS) });
    this.object.map("gona_drains").put(indexKey(SLOT * Limit.MAX_SLICES + slice), value);
  }

  hashOf(port = this.port): number {
    return flowHash({ protocol: 17, from: FROM, to: TO, sourcePort: port, destinationPort: 9 });
  }

  path(port = this.port, slot = SLOT): GonaPath & { readonly own: boolean } {
    const { index, check } = pathPlace(this.hashOf(port), slot);
    const path = gonaPath.decode(this.object.map("gona_paths").get(indexKey(index)) ?? new Uint8Array(gonaPath.size));
    return { ...path, own: path.check === check };
  }

  /** As if the flow had left by `slice` before; `check`: another flow's, in its place. */
  known(
    slice: number,
    departsNs: bigint,
    { check, slot = SLOT, straysMs = 0 }: { check?: number; slot?: number; straysMs?: number } = {},
  ): void {
    const place = pathPlace(this.hashOf(), slot);
    const path = {
      departsNs,
      sinceNs: 1n,
      check: check ?? place.check,
      bytes: 0,
      countedMs: 0,
      moves: 0,
      slice,
      before: slice,
      straysMs,
    };
    this.object.map("gona_paths").put(indexKey(place.index), gonaPath.encode(path));
  }

  frame(length = 100): Uint8Array {
    const inside = udp(this.port, 9, new Uint8Array(length - HEADERS));
    return ethernet({ to: PEER, from: MAC }, ipv4({ from: FROM, to: TO }, inside));
  }

  send(length = 100, segments = 1): BenchResult {
    const context = segments > 1 ? { gsoSegments: segments, gsoSize: Math.ceil((length - HEADERS) / segments) } : {};
    return this.fromGuest(SLOT, this.frame(length), context);
  }

  /** Number of the slice that a packet leaves by. */
  sliceOf({ priority, verdict }: BenchResult): number {
    if (!verdict.startsWith("TO_WIRE") && verdict !== "FLOOD_FROM_GUEST") throw new Error(`it ended as ${verdict}`);
    return ((priority - CLASS) >>> 3) & 7;
  }

  /** Slice number that the next packet of the test's flow leaves by. */
  next(): number {
    return this.sliceOf(this.send());
  }

  bucketBytes(bucket: number): bigint {
    const value = this.object.map("gona_bucket_bytes").get(indexKey(SLOT)) ?? new Uint8Array(gonaBucketBytes.size);
    return gonaBucketBytes.decode(value).bytes[bucket] ?? 0n;
  }
}

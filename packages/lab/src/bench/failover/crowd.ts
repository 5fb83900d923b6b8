import { setTimeout as delay } from "node:timers/promises";
import { type BpfMap, openPinned, PacketReceiver, PacketSender } from "@gona/kernel";
import { peerNetns } from "../../bed/lab-paths.ts";
import { ipBatch } from "../../bed/run-command.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import type { BenchHost } from "../bench-host.ts";
import { macBytes } from "../mac-bytes.ts";
import { pinnedLayout } from "../pinned-layout.ts";
import { buildBigBed } from "../scale/big-bed.ts";
import { bigSpec, type HostSize, macOf, nicName, vifName } from "../scale/big-spec.ts";
import type { SuiteOptions } from "../suite.ts";

/** What it took until nothing of a lost NIC was left to do, milliseconds from the cut. */
export interface CrowdCut {
  readonly toldMs: number;
  /** Until the far end of the other NICs had seen a frame of each guest; all were sent at once, at the cut. */
  readonly sentMs: number;
  /** Guests whose frame came by none of them. */
  readonly lost: number;
  /** Until the far end of the other NICs had seen the MAC of each guest's dead slice. */
  readonly announcedMs: number;
  /** Until every guest's table was another. */
  readonly movedMs: number;
}

const CUT_NIC = nicName(0);
/** linkwatch tells a carrier loss at most once a second, system-wide. */
const QUIET_MS = 1300;
/** Of the maps and the receivers; each look at the maps is a millisecond that the daemon cannot have. */
const LOOK_MS = 8;
const GIVE_UP_MS = 5000;
const BED = "bench-failover-crowd";
const ETHERTYPE_RARP = 0x8035;
/** IEEE 802 local experimental 2; probes have the other. Its payload is the guest's number. */
const ETHERTYPE_OURS = 0x88b6;
const NOBODYS_MAC = "52:54:00:ff:00:01";
/** struct gona_vif: the generation of the aggregate that is in use. */
const AGGREGATE_AT = 4;
const VIFS = "gona_vifs";

/** Cuts one NIC of a host with many guests, that many times. Throws GonaError. */
export async function cutCrowd(size: HostSize, rounds: number, options: SuiteOptions): Promise<readonly CrowdCut[]> {
  options.progress(`making ${size.guests} guests and ${size.nics} NICs`);
  await using host = await buildBigBed(size, BED);
  await host.startDaemon(bigSpec(size).replaceAll("fabric: rack }", "fabric: rack, failback: 0s }"));
  using maps = openPinned(pinnedLayout(host.paths));
  const vifs = maps.find(VIFS);
  if (vifs === undefined) throw new RangeError(`no map ${VIFS} is pinned`);
  const far = peerNetns(BED, "far");
  using guests = new Guests(size.guests, far);
  const cuts: CrowdCut[] = [];
  for (let round = 0; round < rounds; round++) {
    options.signal?.throwIfAborted();
    await delay(QUIET_MS);
    const cut = await cutOnce(host, vifs, guests, far, size);
    const [told, sent, announced, moved] = [cut.toldMs, cut.sentMs, cut.announcedMs, cut.movedMs].map((ms) =>
      ms.toFixed(0),
    );
    options.progress(
      `${size.guests} guests: told after ${told} ms, sent ${sent} ms (${cut.lost} lost), announced ${announced} ms, moved ${moved} ms`,
    );
    cuts.push(cut);
    const healed = generations(vifs);
    await ipBatch(far, [`link set ${CUT_NIC} up`]);
    await waitUntil(`${CUT_NIC} carries again`, async () => areMoved(healed, vifs, size.guests), { withinMs: 30_000 });
  }
  return cuts;
}

async function cutOnce(host: BenchHost, vifs: BpfMap, guests: Guests, far: string, size: HostSize): Promise<CrowdCut> {
  using stack = new DisposableStack();
  const others = Array.from({ length: size.nics - 1 }, (_, index) => nicName(index + 1));
  const receivers = others.map((link) => stack.use(PacketReceiver.open(link, far)));
  const before = generations(vifs);
  const seen: Seen = { macs: new Set(), guests: new Set() };
  await ipBatch(far, [`link set ${CUT_NIC} down`]);
  // The link goes down just before the tool that did it ends.
  const [cutAtMs, cutAtWallMs] = [performance.now(), Date.now()];
  guests.send();
  let [sentMs, announcedMs, movedMs] = [0, 0, 0];
  const last = performance.now() + GIVE_UP_MS;
  while ((announcedMs === 0 || movedMs === 0) && performance.now() < last) {
    for (const receiver of receivers) for (const frame of receiver.take()) note(frame, seen);
    const sinceMs = Math.max(1, performance.now() - cutAtMs);
    if (sentMs === 0 && seen.guests.size === size.guests) sentMs = sinceMs;
    // Of each guest the dead slice's MAC, at the least.
    if (announcedMs === 0 && seen.macs.size >= size.guests) announcedMs = sinceMs;
    if (movedMs === 0 && areMoved(before, vifs, size.guests)) movedMs = sinceMs;
    await delay(LOOK_MS);
  }
  if (announcedMs === 0 || movedMs === 0) {
    throw new RangeError(`after ${GIVE_UP_MS} ms ${seen.macs.size} MACs are told, of ${size.guests} guests`);
  }
  const events = await host.client.events({ limit: 50 });
  const told = events.findLast(({ kind, subject }) => kind === "nic-down" && subject === CUT_NIC);
  const toldMs = told === undefined ? 0 : Math.max(0, Date.parse(told.at) - cutAtWallMs);
  return { toldMs, sentMs, lost: size.guests - seen.guests.size, announcedMs, movedMs };
}

/** What came by living NICs. */
interface Seen {
  readonly macs: Set<string>;
  readonly guests: Set<number>;
}

function note(frame: Uint8Array, { macs, guests }: Seen): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.byteLength < HEADER_BYTES) return;
  const type = view.getUint16(12);
  if (type === ETHERTYPE_RARP) macs.add(`${view.getUint16(6)} ${view.getUint32(8)}`);
  if (type === ETHERTYPE_OURS) guests.add(view.getUint32(HEADER_BYTES));
}

const HEADER_BYTES = 14;
const LEAST_FRAME_BYTES = 60;

/** Each with a frame to send, to nobody that anybody knows. */
class Guests implements Disposable {
  readonly #senders: readonly { readonly link: PacketSender; readonly frame: Uint8Array }[];

  constructor(count: number, netns: string) {
    this.#senders = Array.from({ length: count }, (_, guest) => ({
      link: PacketSender.open(vifName(guest), { netns }),
      frame: frameOf(guest),
    }));
  }

  send(): void {
    for (const { link, frame } of this.#senders) link.send(frame);
  }

  [Symbol.dispose](): void {
    for (const { link } of this.#senders) link[Symbol.dispose]();
  }
}

function frameOf(guest: number): Uint8Array {
  const frame = new Uint8Array(LEAST_FRAME_BYTES);
  frame.set(macBytes(NOBODYS_MAC), 0);
  frame.set(macBytes(macOf(guest)), 6);
  const view = new DataView(frame.buffer);
  view.setUint16(12, ETHERTYPE_OURS);
  view.setUint32(HEADER_BYTES, guest);
  return frame;
}

/** By vif slot. */
function generations(vifs: BpfMap): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [key, value] of vifs.entries()) {
    const slot = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    found.set(slot, new DataView(value.buffer, value.byteOffset).getUint32(AGGREGATE_AT, true));
  }
  return found;
}

function areMoved(before: ReadonlyMap<number, number>, vifs: BpfMap, guests: number): true | undefined {
  const now = generations(vifs);
  let moved = 0;
  for (const [slot, generation] of now) if (before.get(slot) !== generation) moved += 1;
  return moved >= guests ? true : undefined;
}

import { TreeCounters } from "@gona/dataplane";
import type { Kernel } from "@gona/kernel";
import type { HostSpec, NicId } from "@gona/model";
import { type Direction, type HubState, isHeld, judgeLost, judgeNic } from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { DataPlane } from "../data-plane.ts";
import type { DeliveryRow } from "./delivery-row.ts";
import { type PromisedSlice, type PromisedTree, promisedTrees } from "./promised-tree.ts";
import { type TreeContext, type TreeInterval, TreeWatch } from "./tree-watch.ts";

export interface DeliverySamplerOptions {
  readonly kernel: Pick<Kernel, "classCounters">;
  readonly dataPlane: Pick<DataPlane, "sliceCounters">;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Whether a NIC carries nothing. */
  readonly isLost: (nic: NicId) => boolean;
}

/** Where a slice sent nothing yet: an Ethernet frame of 1500 bytes payload. */
const FRAME_BYTES = 1514;

/** Looks at all queues when it is told to, and judges what passed since the look before. */
export class DeliverySampler {
  readonly #options: DeliverySamplerOptions;
  readonly #now: () => number;
  #spec: HostSpec | undefined;
  #hub: HubState | undefined;
  #trees: readonly PromisedTree[] = [];
  /** By link. */
  #watches = new Map<string, TreeWatch>();
  readonly #outCap: TreeCounters;
  readonly #inCap: TreeCounters;
  #outCapIsRead = false;
  /** `vif direction` of the vifs whose cap held something at the last look, and at this one. */
  #cappedBefore = new Set<string>();
  #cappedNow = new Set<string>();
  /** Packets that found no living slice, by `slot number`, of vifs that have none. */
  #refused = new Map<string, number>();
  #lastMs = 0;

  constructor(options: DeliverySamplerOptions) {
    this.#options = options;
    this.#now = () => options.clock.monotonicMs();
    this.#outCap = new TreeCounters(this.#now);
    this.#inCap = new TreeCounters(this.#now);
  }

  /** Rows of the slices in which something happened since the last look, or is missing. Throws KernelError. */
  look(spec: HostSpec, hub: HubState): readonly DeliveryRow[] {
    this.#follow(spec, hub);
    this.#cappedBefore = this.#cappedNow;
    this.#cappedNow = new Set();
    this.#outCapIsRead = false;
    const context: TreeContext = {
      kernel: this.#options.kernel,
      sliceCounters: (slot, slice) => this.#options.dataPlane.sliceCounters(slot, slice),
      isCapped: (slice) => this.#isCapped(slice, hub),
      lostNics: (slice) => this.#lostNics(slice),
    };
    const rows: DeliveryRow[] = [];
    for (const tree of this.#trees) {
      const seen = tree.link === undefined ? undefined : this.#watches.get(tree.link)?.look(tree, context);
      // Looked at all the same: what waited there is not to be reckoned to the time after its return.
      if (seen !== undefined && !this.#options.isLost(tree.nic.name)) rows.push(...judged(seen));
    }
    rows.push(...this.#lostRows(rows));
    this.#lastMs = this.#now();
    return rows;
  }

  #follow(spec: HostSpec, hub: HubState): void {
    if (spec === this.#spec && hub === this.#hub) return;
    this.#spec = spec;
    this.#hub = hub;
    this.#trees = promisedTrees(spec, hub);
    const before = this.#watches;
    this.#watches = new Map();
    for (const tree of this.#trees) {
      if (tree.link === undefined) continue;
      this.#watches.set(tree.link, before.get(tree.link) ?? new TreeWatch(tree.link, tree, this.#now));
    }
  }

  /** Whether the limit over all NICs held something of the vif's, at the last look and at this one. */
  #isCapped({ vif, vifSlot, direction }: PromisedSlice, hub: HubState): boolean {
    const entry = hub.vifs.get(vif.id);
    if (entry === undefined || !(direction === "egress" ? entry.capped : entry.queued)) return false;
    const key = `${vif.id} ${direction}`;
    if (this.#cappedNow.has(key)) return this.#cappedBefore.has(key);
    if (!this.#waitsForCap(direction, vifSlot, entry.device, hub)) return false;
    this.#cappedNow.add(key);
    return this.#cappedBefore.has(key);
  }

  /** The cap on what goes out is a class of one spine; that on what comes in the tree of the vif's link. */
  #waitsForCap(direction: Direction, vifSlot: number, device: string, hub: HubState): boolean {
    const { kernel } = this.#options;
    if (direction === "ingress") {
      return this.#inCap.read(kernel, device) && (this.#inCap.host?.backlogBytes ?? 0) > 0;
    }
    const spine = hub.spines.get("cap")?.device;
    if (spine !== undefined && !this.#outCapIsRead) this.#outCap.read(kernel, spine);
    this.#outCapIsRead = true;
    return (this.#outCap.slice(vifSlot)?.backlogBytes ?? 0) > 0;
  }

  #lostNics(slice: PromisedSlice): readonly NicId[] {
    return slice.vif.aggregate.slices
      .map(({ nic }) => nic)
      .filter((nic) => nic !== slice.nic && this.#options.isLost(nic));
  }

  /** What is missing on NICs that carry nothing; `rows`: how the others fared. */
  #lostRows(rows: readonly DeliveryRow[]): readonly DeliveryRow[] {
    const lost = this.#trees.filter(({ nic, direction }) => direction === "egress" && this.#options.isLost(nic.name));
    const refused = new Map<string, number>();
    if (lost.length === 0) {
      this.#refused = refused;
      return [];
    }
    const held = new Set<string>(
      rows.filter(({ direction, reason }) => direction === "egress" && isHeld(reason)).map(({ vif }) => vif),
    );
    const seconds = (this.#now() - this.#lastMs) / 1000;
    const missing: DeliveryRow[] = [];
    for (const { bySlot } of lost) {
      for (const slice of bySlot.values()) {
        const { guest, vif, nic, direction, share, vifSlot, number } = slice;
        const cutOff = vif.aggregate.slices.every((each) => this.#options.isLost(each.nic));
        if (!cutOff && !held.has(vif.id)) continue;
        let offered = 0;
        if (cutOff) {
          const { txDrops, txBytes, txPackets } = this.#options.dataPlane.sliceCounters(vifSlot, number);
          const key = `${vifSlot} ${number}`;
          refused.set(key, Number(txDrops));
          const packets = Number(txDrops) - (this.#refused.get(key) ?? Number(txDrops));
          const frameBytes = txPackets > 0n ? Number(txBytes) / Number(txPackets) : FRAME_BYTES;
          offered = (Math.max(0, packets) * frameBytes * 8) / seconds;
        }
        const delivery = judgeLost(share, nic, offered, held.has(vif.id));
        if (delivery.short) missing.push({ guest, vif: vif.id, nic, direction, seconds, ...delivery });
      }
    }
    this.#refused = refused;
    return missing;
  }
}

function judged({ slices, interval }: TreeInterval): readonly DeliveryRow[] {
  return judgeNic(interval).flatMap((delivery, index) => {
    const slice = slices[index];
    if (slice?.promised !== true) return [];
    const { guest, vif, nic, direction } = slice;
    return { guest, vif: vif.id, nic, direction, seconds: interval.slices[index]?.measured.seconds ?? 0, ...delivery };
  });
}

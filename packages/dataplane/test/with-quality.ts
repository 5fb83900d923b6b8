import { bitsPerSecond, bytes, type NicId, nanoseconds, type VifId } from "@gona/model";
import {
  type HubState,
  INNER_QUANTUM,
  type QueueTree,
  REST_PART,
  type SliceKey,
  type SlicePart,
  type SliceQueue,
  SPARSE_PART,
  type Spine,
  type SpineFilter,
  type SpineId,
  sliceKey,
  type TimedQueue,
  type TrafficRules,
} from "@gona/planner";

/** What a plain hub is given beyond the planner's: every facet in forms that no planner need choose. */
export interface Quality {
  /** NICs whose ingress is shaped. */
  readonly ingress?: readonly string[];
  readonly cap?: boolean;
  readonly local?: boolean;
  /** Parts of the slices of vifs with an even slot, and rules that lead there. */
  readonly parts?: readonly number[];
  /** Vifs with an odd slot have a queue tree on their hub link. */
  readonly queued?: boolean;
}

export function withQuality(hub: HubState, quality: Quality): HubState {
  const made = new Made(hub);
  for (const nic of quality.ingress ?? []) made.ingress(nic as NicId);
  if (quality.cap) made.spineOfVifs("cap");
  if (quality.local) made.spineOfVifs("local");
  if (quality.parts !== undefined) made.split(quality.parts);
  if (quality.queued) made.queue();
  return made.hub();
}

const short = (id: string): string => id.replace(/[^a-z0-9]/g, "");
const tree = (rate: number): QueueTree => ({
  rate: bitsPerSecond(rate),
  burst: nanoseconds(5_000_000),
  host: { ...shape(rate / 100, rate), leaf: { kind: "fifo", limit: bytes(150_000) } },
});
const shape = (rate: number, ceil: number) => ({
  rate: bitsPerSecond(rate),
  ceil: bitsPerSecond(ceil),
  burst: nanoseconds(5_000_000),
  ceilBurst: nanoseconds(5_000_000),
  quantum: bytes(65_536),
  priority: 0,
});

class Made {
  readonly #hub: HubState;
  readonly #spines = new Map<SpineId, Spine>();
  readonly #spineFilters = new Map<string, SpineFilter>();
  readonly #trees: Map<string, QueueTree | TimedQueue>;
  readonly #slices: Map<SliceKey, SliceQueue>;
  readonly #nics: Map<NicId, HubState["nics"] extends ReadonlyMap<NicId, infer N> ? N : never>;
  readonly #vifs: Map<VifId, HubState["vifs"] extends ReadonlyMap<VifId, infer V> ? V : never>;
  readonly #rules = new Map<VifId, TrafficRules>();

  constructor(hub: HubState) {
    this.#hub = hub;
    this.#trees = new Map(hub.trees);
    this.#slices = new Map(hub.slices);
    this.#nics = new Map(hub.nics);
    this.#vifs = new Map(hub.vifs);
  }

  ingress(nic: NicId): void {
    const [entry, queue] = [this.#nics.get(nic), this.#trees.get(nic)];
    if (entry === undefined || queue?.host === undefined) return;
    const device = this.#spine(`in ${nic}`, queue);
    for (const slice of this.#hub.slices.values()) {
      if (slice.link === nic) this.#slices.set(sliceKey(device, slice.vifSlot), { ...slice, link: device });
    }
    this.#nics.set(nic, { ...entry, shapeIn: true });
  }

  spineOfVifs(id: "cap" | "local"): void {
    const device = this.#spine(id, tree(100e9));
    for (const [vif, entry] of this.#vifs) {
      const slice = { ...shape(8000, 300e6), leaf: { kind: "segmenter", limit: bytes(200_000) } } as const;
      const key = sliceKey(device, entry.slot);
      this.#slices.set(key, { ...slice, link: device, vifSlot: entry.slot, parts: [] });
      this.#vifs.set(vif, { ...entry, ...(id === "cap" ? { capped: true } : { localCapped: true }) });
    }
  }

  split(parts: readonly number[]): void {
    for (const [vif, entry] of this.#vifs) {
      if (entry.slot % 2 !== 0) continue;
      const all = [...parts, REST_PART];
      const sparse = parts.includes(SPARSE_PART) ? { latency: nanoseconds(5_000_000) } : {};
      this.#vifs.set(vif, { ...entry, parts: true, ...sparse });
      for (const [key, slice] of this.#slices) {
        if (slice.vifSlot !== entry.slot) continue;
        this.#slices.set(key, { ...slice, quantum: INNER_QUANTUM, leaf: null, parts: all.map(partOf(slice)) });
      }
      const classes = parts.filter((part) => part < SPARSE_PART);
      if (classes.length > 0) this.#rules.set(vif, rulesOf(entry.slot, classes));
    }
  }

  queue(): void {
    for (const [vif, entry] of this.#vifs) {
      if (entry.slot % 2 === 0) continue;
      this.#trees.set(entry.device, tree(500e6));
      this.#vifs.set(vif, { ...entry, queued: true });
    }
  }

  hub(): HubState {
    return {
      ...this.#hub,
      spines: this.#spines,
      spineFilters: this.#spineFilters,
      trees: this.#trees,
      slices: this.#slices,
      nics: this.#nics,
      vifs: this.#vifs,
      trafficRules: this.#rules,
    };
  }

  #spine(id: SpineId, queue: QueueTree): string {
    const spine = { device: `gq-${short(id)}`, peer: `gp-${short(id)}` };
    this.#spines.set(id, spine);
    this.#spineFilters.set(spine.peer, { spine: id });
    this.#trees.set(spine.device, queue);
    return spine.device;
  }
}

const partOf =
  (slice: SliceQueue) =>
  (part: number): SlicePart => ({
    part,
    ...shape(8000 * part, Number(slice.ceil)),
    leaf: { kind: part % 2 === 0 ? "fifo" : "segmenter", limit: bytes(150_000 + part) },
  });

const rulesOf = (vifSlot: number, classes: readonly number[]): TrafficRules => ({
  vifSlot,
  rules: classes.flatMap((part) => [
    { part, dscp: [part, 46] },
    { part, pcp: [part], protocol: 6, ports: { from: 1000 * part, to: 65_535 } },
  ]),
  parts: classes.map((part) => ({
    part,
    ...(part % 2 === 0 ? { latency: nanoseconds(3_000_000) } : { remarkDscp: 0, remarkPcp: part }),
  })),
});

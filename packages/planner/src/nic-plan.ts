import type { BitsPerSecond, FabricId, HostSpec, Nanoseconds, NicId, NicSpec, SliceShare, VifSpec } from "@gona/model";
import { assignNumbers } from "./assign-numbers.ts";
import { equalData } from "./equal-data.ts";
import { queueTree, type ShareScale } from "./htb-shape.ts";
import type { HubState, NicEntry, NicFilter, QueueTree } from "./hub-state.ts";
import type { Inventory } from "./inventory.ts";
import { shareScale } from "./share-scale.ts";

/** Slots of gona_nics. */
const NIC_SLOTS = { low: 0, high: 63 };

/** What a NIC of the spec comes to, and what its slices depend on. Alike to the last one: the same reference. */
export interface NicPlan {
  readonly name: NicId;
  readonly capacity: BitsPerSecond;
  readonly entry: NicEntry;
  readonly queue: QueueTree;
  readonly filter: NicFilter;
  readonly scale: ShareScale;
  /** Depth of the pacers above its slices. */
  readonly pacing: Nanoseconds;
  /** Buckets go elsewhere where they can. */
  readonly held: boolean;
}

export interface NicPlansInput {
  readonly spec: HostSpec;
  /** All of the spec. */
  readonly vifSpecs: readonly VifSpec[];
  readonly inventory: Inventory;
  readonly observed: HubState;
  readonly fabrics: ReadonlyMap<FabricId, number>;
  /** paceTime() of the machine. */
  readonly pacing: Nanoseconds;
  readonly before?: ReadonlyMap<NicId, NicPlan> | undefined;
  /** The share scale that the observed classes of a NIC were made with, where nothing better is known. */
  readonly guessScale: (nic: NicSpec, slices: readonly SliceShare[]) => ShareScale | undefined;
}

export interface NicPlans {
  readonly nics: ReadonlyMap<NicId, NicPlan>;
  /** NICs left out, with the reason. */
  readonly missing: ReadonlyMap<NicId, string>;
}

/** The NICs of the spec whose link is there. */
export function planNics(input: NicPlansInput): NicPlans {
  const { spec, inventory, observed, before } = input;
  const present = spec.nics.filter((nic) => inventory.links.has(nic.name));
  const slots = assignNumbers(
    present.map((nic) => nic.name),
    NIC_SLOTS,
    (nic) => observed.nics.get(nic)?.slot,
    () => occupiedNicSlots(observed),
  );
  const slices = slicesByNic(spec, input.vifSpecs);
  const nics = new Map<NicId, NicPlan>();
  const missing = new Map<NicId, string>();
  for (const nic of spec.nics) {
    const slot = slots.get(nic.name);
    if (slot !== undefined) nics.set(nic.name, planNic(input, nic, slot, slices.get(nic.name) ?? []));
    else if (inventory.links.has(nic.name)) missing.set(nic.name, "all 64 NIC slots are taken");
    else missing.set(nic.name, `there is no link ${nic.name} yet`);
  }
  return { nics: sameEntries(nics, before) ? before : nics, missing };
}

function planNic(input: NicPlansInput, nic: NicSpec, slot: number, slices: readonly SliceShare[]): NicPlan {
  const { spec, inventory } = input;
  const before = input.before?.get(nic.name);
  const scale = shareScale(nic.capacity, slices, before?.scale ?? input.guessScale(nic, slices));
  const nicPlan: NicPlan = {
    name: nic.name,
    capacity: nic.capacity,
    entry: {
      slot,
      fabric: input.fabrics.get(nic.fabric) ?? 0,
      lag: spec.fabrics.some((fabric) => fabric.name === nic.fabric && fabric.lag),
      up: inventory.nicsUp.has(nic.name),
      shapeIn: false,
    },
    queue: queueTree(nic.capacity),
    filter: { nicSlot: slot },
    scale,
    pacing: input.pacing,
    held: inventory.nicsHeld?.has(nic.name) ?? false,
  };
  return before !== undefined && equalData(before, nicPlan) ? before : nicPlan;
}

/**
 * Every slice of the spec, also those of guests that are not there: a guest that starts or stops
 * then leaves the classes of the others alone.
 */
function slicesByNic({ nics }: HostSpec, vifSpecs: readonly VifSpec[]): ReadonlyMap<NicId, readonly SliceShare[]> {
  const byNic = new Map<NicId, SliceShare[]>();
  for (const nic of nics) byNic.set(nic.name, []);
  for (const { aggregate } of vifSpecs) {
    for (const slice of aggregate.slices) byNic.get(slice.nic)?.push(slice.egress);
  }
  return byNic;
}

function occupiedNicSlots(observed: HubState): ReadonlySet<number> {
  const occupied = new Set<number>();
  for (const nic of observed.nics.values()) occupied.add(nic.slot);
  for (const filter of observed.nicFilters.values()) occupied.add(filter.nicSlot);
  for (const vif of observed.vifs.values()) for (const slice of vif.slices) if (slice) occupied.add(slice.nicSlot);
  return occupied;
}

/** Whether `before` holds the same references and nothing else. */
function sameEntries<K, V>(now: ReadonlyMap<K, V>, before: ReadonlyMap<K, V> | undefined): before is ReadonlyMap<K, V> {
  if (before === undefined || now.size !== before.size) return false;
  for (const [key, value] of now) if (before.get(key) !== value) return false;
  return true;
}

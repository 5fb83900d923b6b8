import type {
  BitsPerSecond,
  Bytes,
  FabricId,
  HostSpec,
  Nanoseconds,
  NicId,
  NicSpec,
  SliceShare,
  SliceSpec,
  VifSpec,
} from "@gona/model";
import { assignNumbers } from "./assign-numbers.ts";
import { besideVfs, isVf, shareWithin, type VfLoad, vfLoads } from "./bypass.ts";
import { effectiveShares } from "./effective-shares.ts";
import { equalData } from "./equal-data.ts";
import { hostShape, queueTree, reservable, type ShareScale } from "./htb-shape.ts";
import type { DomainFilter, HubState, NicEntry, NicFilter, QueueTree, TimedQueue, Trunk } from "./hub-state.ts";
import { type IngressPlan, planIngress } from "./ingress-plan.ts";
import type { Inventory } from "./inventory.ts";
import { areLaned } from "./lanes.ts";
import { usesOffload } from "./offload-obstacles.ts";
import { isPaced } from "./pace.ts";
import { shareScale } from "./share-scale.ts";
import { trunkOf } from "./trunk-plan.ts";
import { treeWithOffload } from "./with-offload.ts";
import { withOverhead } from "./with-overhead.ts";

/** Slots of gona_nics. */
const NIC_SLOTS = { low: 0, high: 63 };

/** What a NIC of the spec comes to, and what its slices depend on. Alike to the last one: the same reference. */
export interface NicPlan {
  readonly name: NicId;
  readonly capacity: BitsPerSecond;
  readonly entry: NicEntry;
  readonly queue: QueueTree | TimedQueue;
  /** Whose root `queue` is: the NIC, or the trunk that stands for it wholly. */
  readonly link: string;
  /** What is attached around it: one of the two. */
  readonly filter?: NicFilter;
  readonly domainFilter?: DomainFilter;
  /** What leads to it; absent: it is in the hub. */
  readonly trunk?: Trunk;
  /** What comes in for guests is shaped. */
  readonly ingress?: IngressPlan;
  /** What its tree may send, where virtual functions have the rest of its capacity. */
  readonly most?: BitsPerSecond;
  /** ClassShape.overhead of its trees; absent: 0. */
  readonly overhead?: Bytes;
  /** Its slices have departure times, and no classes on it. */
  readonly timed?: true;
  /** The NIC carries its egress tree out. */
  readonly offload?: true;
  readonly scale: ShareScale;
  /** Depth of the pacers above its slices. */
  readonly pacing: Nanoseconds;
  /** Its new slices get one; isPaced(). */
  readonly paced: boolean;
  /** Vifs that come to have a latency goal get lanes; areLaned(). */
  readonly laned: boolean;
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
  /** Whether a NIC is there and packets may leave by it. */
  readonly isUp: (nic: NicId) => boolean;
  readonly before?: ReadonlyMap<NicId, NicPlan> | undefined;
  /** The share scale that the observed classes of a tree were made with, where nothing better is known. */
  readonly guessScale: (tree: ShapedTree) => ShareScale | undefined;
}

/** The slices of a NIC in one direction. */
export interface ShapedTree {
  readonly nic: NicId;
  /** Whose root the tree is. */
  readonly link: string;
  /** What all rates may add up to. */
  readonly room: BitsPerSecond;
  readonly shares: readonly SliceShare[];
  /** In this direction. */
  readonly shareOf: (slice: SliceSpec) => SliceShare;
}

export interface NicPlans {
  readonly nics: ReadonlyMap<NicId, NicPlan>;
  /** NICs left out, with the reason. */
  readonly missing: ReadonlyMap<NicId, string>;
}

/** The NICs of the spec whose link is there. */
export function planNics(input: NicPlansInput): NicPlans {
  const { spec, inventory, observed, before } = input;
  const isHere = (nic: NicId): boolean => inventory.links.has(nic) && !inventory.absentNics?.has(nic);
  const present = spec.nics.filter((nic) => isHere(nic.name));
  const slots = assignNumbers(
    present.map((nic) => nic.name),
    NIC_SLOTS,
    (nic) => observed.nics.get(nic)?.slot,
    () => occupiedNicSlots(observed),
  );
  const slices = slicesByNic(input);
  const loads = vfLoads(spec);
  const nics = new Map<NicId, NicPlan>();
  const missing = new Map<NicId, string>();
  for (const nic of spec.nics) {
    const slot = slots.get(nic.name);
    if (slot !== undefined)
      nics.set(nic.name, planNic(input, nic, slot, slices.get(nic.name) ?? [], loads.get(nic.name)));
    else if (isHere(nic.name)) missing.set(nic.name, "all 64 NIC slots are taken");
    else missing.set(nic.name, inventory.absentNics?.get(nic.name) ?? `there is no link ${nic.name} yet`);
  }
  return { nics: sameEntries(nics, before) ? before : nics, missing };
}

function planNic(
  input: NicPlansInput,
  nic: NicSpec,
  slot: number,
  slices: readonly SliceSpec[],
  vfs: VfLoad | undefined,
): NicPlan {
  const { spec, inventory } = input;
  const before = input.before?.get(nic.name);
  const placement = inventory.placements?.get(nic.name);
  const trunk = placement && trunkOf(nic.name, placement);
  const peer = trunk?.kind === "veth" ? trunk.peer : undefined;
  const link = trunk?.kind === "tap" ? trunk.device : nic.name;
  const most = besideVfs(nic, vfs);
  const own = most === nic.capacity ? nic : withCapacity(nic, most);
  const scale = egressScale(input, own, link, slices, before?.scale);
  const inHub = slices.filter(({ path }) => path === undefined);
  const ingress = planIngress(nic, inHub, peer, (tree) => before?.ingress?.scale ?? input.guessScale(tree));
  const overhead = nic.overhead === 0 ? undefined : nic.overhead;
  const offload = usesOffload(spec, nic, inventory.nicsOffload?.has(nic.name) === true);
  const timed = nic.shaper === "edt" ? true : undefined;
  const bundle = inventory.nicsBundling?.get(nic.name);
  const nicPlan: NicPlan = {
    name: nic.name,
    capacity: nic.capacity,
    entry: {
      slot,
      fabric: input.fabrics.get(nic.fabric) ?? 0,
      lag: spec.fabrics.some((fabric) => fabric.name === nic.fabric && fabric.lag),
      up: inventory.nicsUp.has(nic.name),
      shapeIn: ingress !== undefined,
      ...(trunk && { trunk: { device: trunk.device, ...(peer !== undefined && { peer }) } }),
      ...(timed && { timed }),
      ...(bundle && { bundle }),
    },
    queue: timed ? { timed } : offload ? treeWithOffload(nicTree(own, scale)) : nicTree(own, scale),
    link,
    ...(trunk && { trunk }),
    ...(trunk && peer !== undefined
      ? { domainFilter: { nicSlot: slot, device: trunk.device, peer } }
      : { filter: { nicSlot: slot, ...(trunk && { link }) } }),
    ...(ingress && { ingress }),
    ...(most < nic.capacity && { most }),
    ...(overhead && { overhead }),
    ...(offload && { offload }),
    ...(timed && { timed }),
    scale,
    pacing: input.pacing,
    paced: isPaced(slices.length),
    laned: areLaned(input.vifSpecs, nic.name),
    held: inventory.nicsHeld?.has(nic.name) ?? false,
  };
  return before !== undefined && equalData(before, nicPlan) ? before : nicPlan;
}

/** What its tree has to do with, beside virtual functions. */
const withCapacity = ({ host, ...nic }: NicSpec, capacity: BitsPerSecond): NicSpec => ({
  ...nic,
  capacity,
  ...(host && { host: shareWithin(host, capacity) }),
});

/** Where the spec says what the host's own traffic is to have, that takes part as any slice does. */
function egressScale(
  input: NicPlansInput,
  nic: NicSpec,
  link: string,
  slices: readonly SliceSpec[],
  before?: ShareScale,
): ShareScale {
  const room = nic.host === undefined ? reservable(nic.capacity) : nic.capacity;
  const shareOf = ({ egress }: SliceSpec): SliceShare => shareWithin(egress, nic.capacity);
  const shares = slices.map(shareOf);
  if (nic.host !== undefined) shares.push(nic.host);
  const tree: ShapedTree = { nic: nic.name, link, room, shares, shareOf };
  return shareScale(room, shares, before ?? input.guessScale(tree));
}

function nicTree({ capacity, host, overhead }: NicSpec, scale: ShareScale): QueueTree {
  const tree = queueTree(capacity);
  return withOverhead(host === undefined ? tree : { ...tree, host: hostShape(host, scale) }, overhead);
}

/**
 * Every slice of the spec as it is to be shaped, also those of guests that are not there: a guest that
 * starts or stops then leaves the classes of the others alone.
 */
function slicesByNic({ spec, vifSpecs, isUp }: NicPlansInput): ReadonlyMap<NicId, readonly SliceSpec[]> {
  const byNic = new Map<NicId, SliceSpec[]>();
  for (const nic of spec.nics) byNic.set(nic.name, []);
  for (const { aggregate } of vifSpecs) {
    for (const slice of effectiveShares(aggregate, isUp)) if (!isVf(slice)) byNic.get(slice.nic)?.push(slice);
  }
  return byNic;
}

function occupiedNicSlots(observed: HubState): ReadonlySet<number> {
  const occupied = new Set<number>();
  for (const nic of observed.nics.values()) occupied.add(nic.slot);
  for (const filter of observed.nicFilters.values()) occupied.add(filter.nicSlot);
  for (const filter of observed.domainFilters.values()) occupied.add(filter.nicSlot);
  for (const vif of observed.vifs.values()) for (const slice of vif.slices) if (slice) occupied.add(slice.nicSlot);
  return occupied;
}

/** Whether `before` holds the same references and nothing else. */
function sameEntries<K, V>(now: ReadonlyMap<K, V>, before: ReadonlyMap<K, V> | undefined): before is ReadonlyMap<K, V> {
  if (before === undefined || now.size !== before.size) return false;
  for (const [key, value] of now) if (before.get(key) !== value) return false;
  return true;
}

import {
  type BitsPerSecond,
  type Bytes,
  minRate,
  type Nanoseconds,
  type SliceShare,
  type SliceSpec,
  shares,
  type VifSpec,
} from "@gona/model";
import { shareWithin } from "./bypass.ts";
import { equalData } from "./equal-data.ts";
import { cappedTree, goalLeaf, leafFor, type ShareScale, sliceShape, unpacedShape } from "./htb-shape.ts";
import { type HubState, INNER_QUANTUM, type QueueTree, type SliceKey, type SliceQueue, sliceKey } from "./hub-state.ts";
import { ingressShare } from "./ingress-plan.ts";
import type { NicPlan } from "./nic-plan.ts";
import { sliceParts } from "./part-shapes.ts";
import { spineEnds } from "./spine-plan.ts";
import { goalTime, hasParts } from "./traffic-rules.ts";
import { sliceWithOffload } from "./with-offload.ts";
import { classWithOverhead } from "./with-overhead.ts";

/** A slice of a vif and its NIC, which is there. */
export interface PlacedSlice {
  /** As it is to be shaped now: effectiveShares(). */
  readonly spec: SliceSpec;
  readonly nic: NicPlan;
}

export interface VifQueuesInput {
  readonly spec: VifSpec;
  readonly slot: number;
  /** The hub's end of the vif. */
  readonly device: string;
  readonly slices: readonly PlacedSlice[];
  readonly pacing: Nanoseconds;
  readonly observed: HubState;
  /** Inventory.fqCodel. */
  readonly fqCodel: boolean;
  /** VifEntry.lanes. */
  readonly laned: boolean;
}

/** The classes of a vif in every tree that its frames pass, and the tree on its own link. */
export interface VifQueues {
  readonly queues: readonly (readonly [SliceKey, SliceQueue])[];
  readonly trees: readonly (readonly [string, QueueTree])[];
}

export function vifQueues(input: VifQueuesInput): VifQueues {
  const { limit } = input.spec.aggregate;
  const queues: VifQueues["queues"][number][] = [];
  const totals = limitSums(input);
  for (const { spec, nic } of input.slices) {
    const { link, scale, overhead, paced, offload = false, timed } = nic;
    const own = { scale, overhead, paced, offload, fraction: part(spec.egress, totals.egress) };
    if (!timed) queues.push(queueOf(input, link, shareWithin(spec.egress, nic.most ?? spec.egress.limit), own));
    if (nic.ingress === undefined || spec.path !== undefined) continue;
    const share = ingressShare(spec, nic.ingress.tree.rate);
    const fraction = part(share, totals.ingress);
    queues.push(queueOf(input, nic.ingress.link, share, { scale: nic.ingress.scale, overhead, paced, fraction }));
  }
  if (limit?.egress !== undefined) queues.push(capOf(input, "cap", limit.egress));
  if (limit?.local !== undefined) queues.push(capOf(input, "local", limit.local));
  return { queues, trees: limit?.ingress === undefined ? [] : [[input.device, ownTree(input, limit.ingress)]] };
}

/** What the limits of the slices add up to, by direction; 0: a rate over the aggregate counts in each slice in full. */
function limitSums({ spec, slices }: VifQueuesInput): { readonly egress: number; readonly ingress: number } {
  // All traffic goes by one slice, whichever it is now.
  if (spec.aggregate.balance === "active-backup") return { egress: 0, ingress: 0 };
  let egress = 0;
  let ingress = 0;
  for (const slice of slices) {
    egress += slice.spec.egress.limit;
    if (slice.nic.ingress !== undefined) ingress += ingressShare(slice.spec, slice.nic.ingress.tree.rate).limit;
  }
  return { egress, ingress };
}

const part = ({ limit }: SliceShare, sum: number): number => (sum === 0 ? 1 : limit / sum);

/** Shares decide nothing where rate and limit are one. */
const NO_SCALE: ShareScale = { ratePerShare: 0 as BitsPerSecond, sharesPerQuantum: 100 };
const CAP_TREE: SliceTree = { scale: NO_SCALE, paced: true, fraction: 1, overhead: undefined };
const capOf = (input: VifQueuesInput, id: "cap" | "local", cap: BitsPerSecond) =>
  queueOf(input, spineEnds(id).device, { reserve: cap, limit: cap, shares: shares(100) }, CAP_TREE);

/** What a slice's class hangs on beside its own share. */
interface SliceTree {
  readonly scale: ShareScale;
  /** Of a class rate over the aggregate, what falls to this slice; 0 to 1. */
  readonly fraction: number;
  readonly overhead: Bytes | undefined;
  /** New slices get a pacer. */
  readonly paced: boolean;
  readonly offload?: boolean;
}

function queueOf(
  { spec: { aggregate }, slot, pacing, observed, fqCodel, laned }: VifQueuesInput,
  link: string,
  share: SliceShare,
  { scale, fraction, overhead, paced, offload = false }: SliceTree,
): VifQueues["queues"][number] {
  const key = sliceKey(link, slot);
  const before = observed.slices.get(key);
  const goal = aggregate.latency && goalTime(aggregate.latency);
  const shaped = sliceShape(share, scale, pacing);
  const shape = classWithOverhead({ ...shaped, leaf: goalLeaf(shaped.ceil, goal, fqCodel) }, overhead);
  const where = { link, vifSlot: slot };
  let queue: SliceQueue;
  if (hasParts(aggregate, fqCodel)) {
    const parts = sliceParts({ aggregate, slice: shape, fraction, fqCodel, laned });
    queue = {
      ...shape,
      ...where,
      quantum: INNER_QUANTUM,
      leaf: null,
      parts: parts.map((one) => classWithOverhead(one, overhead)),
    };
  } else {
    const keeps = before === undefined || before.stale ? paced : before.pace !== undefined;
    queue = { ...(keeps && !offload ? shape : unpacedShape(shape)), ...where, parts: [] };
  }
  if (offload) queue = sliceWithOffload(queue);
  // One reference for what is alike: the next comparison costs nothing.
  return [key, before !== undefined && equalData(before, queue) ? before : queue];
}

/** The cap on what comes in for a vif by all NICs: a tree whose default class is everything. */
function ownTree({ spec, device, pacing, observed, fqCodel }: VifQueuesInput, cap: BitsPerSecond): QueueTree {
  const { latency } = spec.aggregate;
  const goal = latency && goalTime(latency);
  const leaf = fqCodel ? goalLeaf(cap, goal, fqCodel) : leafFor(cap, goal);
  const tree = cappedTree(cap, pacing, leaf);
  const before = observed.trees.get(device);
  return before?.host !== undefined && equalData(before, tree) ? before : tree;
}

/** The slice's limits, at which its virtual queues drain: no more than the caps over all slices. 0: it waits in no queue of ours. */
export function drainRates(
  { aggregate }: VifSpec,
  { spec, nic }: PlacedSlice,
): { readonly egress: BitsPerSecond; readonly ingress: BitsPerSecond } {
  const capped = (rate: BitsPerSecond, cap: BitsPerSecond | undefined) =>
    cap === undefined ? rate : minRate(rate, cap);
  const { limit } = aggregate;
  const ingress =
    nic.ingress === undefined
      ? (limit?.ingress ?? (0 as BitsPerSecond))
      : capped(ingressShare(spec, nic.ingress.tree.rate).limit, limit?.ingress);
  return { egress: capped(spec.egress.limit, limit?.egress), ingress };
}

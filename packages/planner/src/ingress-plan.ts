import {
  type BitsPerSecond,
  minRate,
  type NicSpec,
  type SliceShare,
  type SliceSpec,
  scaleRate,
  shares,
  subtractRates,
} from "@gona/model";
import { RATE_FLOOR, type ShareScale } from "./htb-shape.ts";
import type { QueueTree } from "./hub-state.ts";
import type { ShapedTree } from "./nic-plan.ts";
import { shareScale } from "./share-scale.ts";
import { type SpinePlan, spinePlan } from "./spine-plan.ts";
import { withOverhead } from "./with-overhead.ts";

/**
 * Of a NIC's capacity, what passes to guests. Were it all, what is too much would wait in the switch,
 * whose queue knows no guests: so it waits here, and senders are slowed by our measure.
 */
const PASSED = 0.99;
const DEFAULT_SHARES = shares(100);

/** The tree that what comes in by a NIC for guests passes. */
export interface IngressPlan {
  /** Whose root it is: the first end of the NIC's spine, or the end of its trunk that is beside it. */
  readonly link: string;
  readonly tree: QueueTree;
  readonly scale: ShareScale;
  /** Of a NIC in the hub. */
  readonly spine?: SpinePlan;
}

/** The share of a slice on the way in; one that the spec does not shape there is limited by the NIC alone. */
export function ingressShare({ ingress }: SliceSpec, most: BitsPerSecond): SliceShare {
  if (ingress === undefined) return { reserve: 0 as BitsPerSecond, limit: most, shares: DEFAULT_SHARES };
  if (ingress.limit <= most) return ingress;
  return { ...ingress, limit: most, reserve: minRate(ingress.reserve, most) };
}

/** The rate of the tree on a NIC's ingress spine. */
const ingressRate = ({ capacity }: NicSpec): BitsPerSecond => scaleRate(capacity, PASSED);

/** What the reservations of guests may add up to on the way in: what its tree gives to what is nobody's is off. */
export const ingressRoom = (nic: NicSpec): BitsPerSecond => subtractRates(ingressRate(nic), RATE_FLOOR);

/**
 * Undefined where no slice of the NIC names `ingress`; where one does, all pass the spine, so that its
 * reservation holds against the others. `trunkEnd`: the end of the NIC's trunk that is beside it, where it has one.
 */
export function planIngress(
  nic: NicSpec,
  slices: readonly SliceSpec[],
  trunkEnd: string | undefined,
  scaleBefore: (tree: ShapedTree) => ShareScale | undefined,
): IngressPlan | undefined {
  if (!slices.some(({ ingress }) => ingress !== undefined)) return undefined;
  const rate = ingressRate(nic);
  const made = spinePlan(`in ${nic.name}`, rate);
  const spine = { ...made, tree: withOverhead(made.tree, nic.overhead) };
  const link = trunkEnd ?? spine.spine.device;
  const shareOf = (slice: SliceSpec): SliceShare => ingressShare(slice, rate);
  const tree: ShapedTree = {
    nic: nic.name,
    link,
    room: subtractRates(rate, made.tree.host.rate),
    shares: slices.map(shareOf),
    shareOf,
  };
  return {
    link,
    tree: spine.tree,
    ...(trunkEnd === undefined && { spine }),
    scale: shareScale(tree.room, tree.shares, scaleBefore(tree)),
  };
}

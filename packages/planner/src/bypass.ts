import {
  type BitsPerSecond,
  type BypassSpec,
  bitsPerSecond,
  type HostSpec,
  LOWEST_LIMIT,
  minRate,
  type NicId,
  type NicSpec,
  type SliceShare,
  type SliceSpec,
  type VfSpec,
  type VifSpec,
} from "@gona/model";
import type { MacvtapPlace } from "./bypass-state.ts";
import { eachVif } from "./each-vif.ts";

/** A slice whose frames do not pass the hub's packet path. */
export type BypassSlice<P extends BypassSpec = BypassSpec> = SliceSpec & { readonly path: P };

/** The slice of a vif that has a device of its own on its NIC; admission lets such a vif have no other. */
export const bypassOf = ({ aggregate }: VifSpec): BypassSlice | undefined =>
  aggregate.slices.find((slice): slice is BypassSlice => slice.path !== undefined);

/** Undefined for a vif whose device is none. */
export function macvtapOf(vif: VifSpec): MacvtapPlace | undefined {
  const slice = bypassOf(vif);
  return slice?.path.kind === "macvtap" ? { nic: slice.nic, mode: slice.path.mode } : undefined;
}

export const isVf = (slice: SliceSpec): slice is BypassSlice<VfSpec> => slice.path?.kind === "sriov";

/** What virtual functions mean for a NIC's capacity, which they share with the NIC's own queues. */
export interface VfLoad {
  /** What they may send together. */
  readonly limits: number;
  /** The NIC has slices beside them, whose queues are in software. */
  readonly shared: boolean;
}

const NO_LOADS: ReadonlyMap<NicId, VfLoad> = new Map();

/** The NICs with slices that are virtual functions. */
export function vfLoads(spec: HostSpec): ReadonlyMap<NicId, VfLoad> {
  // Nearly every host: a thousand guests are asked in each plan.
  if (!spec.guests.some(({ vifs }) => vifs.some(({ aggregate }) => aggregate.slices.some(isVf)))) return NO_LOADS;
  const limits = new Map<NicId, number>();
  const others = new Set<NicId>();
  eachVif(spec, ({ aggregate }) => {
    for (const slice of aggregate.slices) {
      if (isVf(slice)) limits.set(slice.nic, (limits.get(slice.nic) ?? 0) + slice.egress.limit);
      else others.add(slice.nic);
    }
  });
  return new Map([...limits].map(([nic, sum]) => [nic, { limits: sum, shared: others.has(nic) }]));
}

/**
 * What the queues of a NIC may send while its virtual functions send all that they may: nothing holds those back for
 * queues in software. Where there are no slices in software the host's own traffic takes its chance; where nothing is left
 * for them, they keep the least that a queue can be set to.
 */
export function besideVfs({ capacity }: NicSpec, load: VfLoad | undefined): BitsPerSecond {
  if (load === undefined || !load.shared) return capacity;
  return bitsPerSecond(Math.max(capacity - load.limits, LOWEST_LIMIT));
}

/** A share of a NIC that leaves part of its capacity to virtual functions. */
export const shareWithin = (share: SliceShare, most: BitsPerSecond): SliceShare =>
  share.limit <= most ? share : { ...share, limit: most, reserve: minRate(share.reserve, most) };

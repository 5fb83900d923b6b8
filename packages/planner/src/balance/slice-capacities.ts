import { type BitsPerSecond, type HostSpec, minRate, type NicId, type SliceSpec, type VifSpec } from "@gona/model";
import type { HubState, VifEntry } from "../hub-state.ts";

/** GONA_MAX_SLICES. */
const MAX_SLICES = 8;

export interface SliceCapacities {
  /** Bytes/s by slice number; 0: no bucket may point to it now. */
  readonly egress: readonly number[];
  /** The same for what comes in; where the slice names no `ingress`, its egress. */
  readonly ingress: readonly number[];
}

/**
 * What the slices of a vif may carry, as they stand in the kernel: the limit, at most the NIC's capacity. As the
 * planner fills tables: only NICs that are up, and of those the ones that are not held, unless there is no other.
 */
export function sliceCapacities(
  spec: Pick<HostSpec, "nics">,
  vif: VifSpec,
  entry: VifEntry,
  { nics }: Pick<HubState, "nics">,
  isHeld: (nic: NicId) => boolean,
): SliceCapacities {
  const placed = entry.slices.map((slice) =>
    slice === null ? undefined : vif.aggregate.slices.find((one) => one.nic === slice.nic),
  );
  const up = placed.map((slice) => slice !== undefined && nics.get(slice.nic)?.up === true);
  const free = placed.map((slice, number) => slice !== undefined && up[number] === true && !isHeld(slice.nic));
  const usable = free.includes(true) ? free : up;
  const carry = (of: (slice: SliceSpec) => BitsPerSecond) =>
    Array.from({ length: MAX_SLICES }, (_, number) => {
      const slice = placed[number];
      if (slice === undefined || usable[number] !== true) return 0;
      const capacity = spec.nics.find(({ name }) => name === slice.nic)?.capacity;
      return (capacity === undefined ? of(slice) : minRate(of(slice), capacity)) / 8;
    });
  return {
    egress: carry((slice) => slice.egress.limit),
    ingress: carry((slice) => slice.ingress?.limit ?? slice.egress.limit),
  };
}

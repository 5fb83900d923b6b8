import type { HostSpec, NicId, VifId } from "@gona/model";

/** What the loss of one NIC means for those who have a slice on it. */
export interface NicLoss {
  readonly nic: NicId;
  /** Vifs that go on with their other slices, without the reservation on this NIC. */
  readonly degraded: readonly VifId[];
  /** Vifs without another slice, or with `onNicLoss: stop`. */
  readonly cutOff: readonly VifId[];
}

/** For each NIC of a spec in turn, who would feel its loss. */
export function nicLosses(spec: HostSpec): readonly NicLoss[] {
  const vifs = spec.guests.flatMap((guest) => guest.vifs);
  return spec.nics.map(({ name: nic }) => {
    const hit = vifs.filter(({ aggregate }) => aggregate.slices.some((slice) => slice.nic === nic));
    const cutOff = hit.filter(({ aggregate }) => aggregate.slices.length === 1 || aggregate.onNicLoss === "stop");
    const ids = (list: typeof vifs) => list.map(({ id }) => id);
    return { nic, degraded: ids(hit.filter((vif) => !cutOff.includes(vif))), cutOff: ids(cutOff) };
  });
}

import type { BitsPerSecond, NicId, VifId, Want } from "@gona/model";

/** What was placed of one vif, as far as a later placement keeps to it. */
export interface PlacedVif {
  readonly id: VifId;
  readonly aggregate: {
    readonly want?: Want;
    readonly slices: readonly { readonly nic: NicId; readonly egress: { readonly reserve: BitsPerSecond } }[];
  };
}

/** Guests whose slices were chosen: a placed HostSpec, or what was noted of one. */
export interface Placed {
  readonly guests: readonly { readonly vifs: readonly PlacedVif[] }[];
}

/** The placed vifs that want, by id. */
export function placedVifs({ guests }: Placed): ReadonlyMap<VifId, PlacedVif> {
  const placed = new Map<VifId, PlacedVif>();
  for (const { vifs } of guests) for (const vif of vifs) if (vif.aggregate.want !== undefined) placed.set(vif.id, vif);
  return placed;
}

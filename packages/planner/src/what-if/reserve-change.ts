import type { BitsPerSecond, GuestSpec, HostSpec, NicId, SliceSpec, VifId, VifSpec } from "@gona/model";
import type { Direction } from "../direction.ts";

/** A reservation that is to be another. */
export interface ReserveChange {
  readonly vif: VifId;
  /** The slice's; absent: of `want`. */
  readonly nic?: NicId;
  readonly direction: Direction;
  /** In the spec: `guests[0].aggregate.slices[1].egress.reserve`. */
  readonly path: string;
  readonly from: BitsPerSecond;
  readonly to: BitsPerSecond;
}

/** The spec with reservations changed; `want` too, whose slices are to be chosen anew. */
export function withReserves(spec: HostSpec, changes: readonly ReserveChange[]): HostSpec {
  const byVif = new Map<VifId, ReserveChange[]>();
  for (const change of changes) byVif.set(change.vif, [...(byVif.get(change.vif) ?? []), change]);
  const guests = spec.guests.map((guest): GuestSpec => {
    if (!guest.vifs.some(({ id }) => byVif.has(id))) return guest;
    return { ...guest, vifs: guest.vifs.map((vif) => changed(vif, byVif.get(vif.id) ?? [])) };
  });
  return { ...spec, guests };
}

function changed(vif: VifSpec, changes: readonly ReserveChange[]): VifSpec {
  const { aggregate } = vif;
  const ofWant = changes.find(({ nic }) => nic === undefined);
  const want = aggregate.want && { ...aggregate.want, reserve: ofWant?.to ?? aggregate.want.reserve };
  const slices = aggregate.slices.map((slice) => {
    const to = (direction: Direction) =>
      changes.find((change) => change.nic === slice.nic && change.direction === direction)?.to;
    return changedSlice(slice, to("egress"), to("ingress"));
  });
  return { ...vif, aggregate: { ...aggregate, ...(want && { want }), slices } };
}

function changedSlice(slice: SliceSpec, egress?: BitsPerSecond, ingress?: BitsPerSecond): SliceSpec {
  return {
    ...slice,
    egress: egress === undefined ? slice.egress : { ...slice.egress, reserve: egress },
    ...(slice.ingress && { ingress: ingress === undefined ? slice.ingress : { ...slice.ingress, reserve: ingress } }),
  };
}

import type { HostSpec, NicId, SliceSpec } from "@gona/model";
import { isVf, vfLoads } from "./bypass.ts";
import { countedReserve } from "./counted-reserve.ts";
import type { Direction } from "./direction.ts";
import { roomFor } from "./host-share.ts";
import { RATE_FLOOR } from "./htb-shape.ts";
import { isOvercommitted } from "./vf-offer.ts";

/** What is reserved on a NIC, each way, in bit/s. */
export type Reserved = Record<Direction, number>;

/** NICs whose ingress is shaped: every slice on them then has a class, and counts. */
export function shapedIngress(spec: HostSpec): ReadonlySet<NicId> {
  const shaped = new Set<NicId>();
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      for (const slice of vif.aggregate.slices) if (slice.ingress !== undefined) shaped.add(slice.nic);
    }
  }
  return shaped;
}

/** The spec's NICs with slices that are virtual functions, and whether those count with what they reserve. */
export function vfCounting(spec: HostSpec): ReadonlyMap<NicId, boolean> {
  const loads = vfLoads(spec);
  if (loads.size === 0) return NO_VFS;
  const byNic = spec.nics.filter(({ name }) => loads.has(name));
  return new Map(byNic.map((nic) => [nic.name, isOvercommitted(roomFor(nic, "egress"), loads.get(nic.name))]));
}
const NO_VFS: ReadonlyMap<NicId, boolean> = new Map();

/**
 * What a slice counts for on the way out. A virtual function counts with its limit, as nothing holds it back for the
 * queues beside it; where there are none, and the limits are too much, with what the NIC itself reserves for it.
 */
export const countedEgress = (slice: SliceSpec, vfs: ReadonlyMap<NicId, boolean> = NO_VFS): number =>
  isVf(slice) && vfs.get(slice.nic) !== true ? slice.egress.limit : countedReserve(slice.egress);

/** What one slice counts for; 0 on the way in where its NIC shapes nothing. */
export function countedOf(
  slice: SliceSpec,
  direction: Direction,
  shaped: ReadonlySet<NicId>,
  vfs: ReadonlyMap<NicId, boolean>,
): number {
  if (direction === "egress") return countedEgress(slice, vfs);
  if (slice.path !== undefined) return 0;
  const share = slice[direction];
  if (share !== undefined) return countedReserve(share);
  return shaped.has(slice.nic) ? RATE_FLOOR : 0;
}

/** The sums over all slices by NIC. */
export function reservations(spec: HostSpec): ReadonlyMap<NicId, Readonly<Reserved>> {
  const sums = new Map<NicId, Reserved & { unshaped: number }>(
    spec.nics.map((nic) => [nic.name, { egress: 0, ingress: 0, unshaped: 0 }]),
  );
  const vfs = vfCounting(spec);
  const shaped = new Set<NicId>();
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      for (const slice of vif.aggregate.slices) {
        const { nic, ingress, path } = slice;
        const sum = sums.get(nic);
        if (sum === undefined) continue;
        sum.egress += countedEgress(slice, vfs);
        if (path !== undefined) continue;
        if (ingress === undefined) sum.unshaped++;
        else {
          sum.ingress += countedReserve(ingress);
          shaped.add(nic);
        }
      }
    }
  }
  for (const nic of shaped) {
    const sum = sums.get(nic);
    if (sum !== undefined) sum.ingress += sum.unshaped * RATE_FLOOR;
  }
  return sums;
}

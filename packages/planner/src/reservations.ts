import type { HostSpec, NicId, SliceSpec } from "@gona/model";
import { countedReserve } from "./counted-reserve.ts";
import type { Direction } from "./direction.ts";
import { RATE_FLOOR } from "./htb-shape.ts";

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

/** What one slice counts for; 0 on the way in where its NIC shapes nothing. */
export function countedOf(slice: SliceSpec, direction: Direction, shaped: ReadonlySet<NicId>): number {
  const share = slice[direction];
  if (share !== undefined) return countedReserve(share);
  return shaped.has(slice.nic) ? RATE_FLOOR : 0;
}

/** The sums over all slices by NIC. */
export function reservations(spec: HostSpec): ReadonlyMap<NicId, Readonly<Reserved>> {
  const sums = new Map<NicId, Reserved & { unshaped: number }>(
    spec.nics.map((nic) => [nic.name, { egress: 0, ingress: 0, unshaped: 0 }]),
  );
  const shaped = new Set<NicId>();
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      for (const { nic, egress, ingress } of vif.aggregate.slices) {
        const sum = sums.get(nic);
        if (sum === undefined) continue;
        sum.egress += countedReserve(egress);
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

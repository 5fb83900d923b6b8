import { type BitsPerSecond, bitsPerSecond, type HostSpec, type NicId, type VifId, type VifSpec } from "@gona/model";
import { DIRECTIONS, type Direction } from "../direction.ts";
import { effectiveShares } from "../effective-shares.ts";

/** A promise that does not hold while a NIC is lost. */
export interface BrokenPromise {
  readonly vif: VifId;
  readonly direction: Direction;
  /** Reserved with every NIC up, over all slices. */
  readonly promised: BitsPerSecond;
  readonly kept: BitsPerSecond;
}

/** What the loss of one NIC means for those who have a slice on it. */
export interface NicLoss {
  readonly nic: NicId;
  /** Vifs that go on with their other slices. */
  readonly degraded: readonly VifId[];
  /** Vifs without another slice, or with `onNicLoss: stop`. */
  readonly cutOff: readonly VifId[];
  readonly broken: readonly BrokenPromise[];
}

/** For each NIC of a spec in turn, who would feel its loss. Every slice has been chosen. */
export function nicLosses(spec: HostSpec): readonly NicLoss[] {
  const on = new Map<NicId, VifSpec[]>(spec.nics.map(({ name }) => [name, []]));
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) for (const { nic } of vif.aggregate.slices) on.get(nic)?.push(vif);
  }
  return Array.from(on, ([nic, hit]) => {
    const cutOff = hit.filter(({ aggregate }) => aggregate.slices.length === 1 || aggregate.onNicLoss === "stop");
    return {
      nic,
      degraded: hit.filter((vif) => !cutOff.includes(vif)).map(({ id }) => id),
      cutOff: cutOff.map(({ id }) => id),
      broken: hit.flatMap((vif) => brokenWithout(vif, nic)),
    };
  });
}

function brokenWithout(vif: VifSpec, lost: NicId): readonly BrokenPromise[] {
  return DIRECTIONS.flatMap((direction) => {
    const promised = assured(vif, direction);
    const kept = vif.aggregate.onNicLoss === "stop" ? 0 : Math.min(promised, assured(vif, direction, lost));
    if (kept >= promised) return [];
    return [{ vif: vif.id, direction, promised: bitsPerSecond(promised), kept: bitsPerSecond(kept) }];
  });
}

/** What a vif can count on, bit/s: of `want` what was wanted, however much more was reserved for it. */
function assured({ aggregate }: VifSpec, direction: Direction, lost?: NicId): number {
  const reserves = effectiveShares(aggregate, (nic) => nic !== lost)
    .filter(({ nic }) => nic !== lost)
    .map((slice): number => slice[direction]?.reserve ?? 0);
  const sum = aggregate.balance === "active-backup" ? (reserves[0] ?? 0) : reserves.reduce((a, b) => a + b, 0);
  return aggregate.want === undefined || direction === "ingress" ? sum : Math.min(sum, aggregate.want.reserve);
}

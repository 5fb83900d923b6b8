import {
  addRates,
  type BitsPerSecond,
  bitsPerSecond,
  formatRate,
  type HostSpec,
  type NicId,
  type NicSpec,
  type SliceShare,
  subtractRates,
  type VifSpec,
} from "@gona/model";
import { isVf } from "./bypass.ts";
import { DIRECTIONS, type Direction } from "./direction.ts";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";
import { hostShare, roomFor } from "./host-share.ts";
import { countedOf, type Reserved, shapedIngress, vfCounting } from "./reservations.ts";

/** A slice's share of one NIC in one direction, with the place it has in the spec. */
interface Placed {
  readonly vif: VifSpec;
  readonly share: SliceShare | undefined;
  readonly counted: number;
  /** A virtual function that counts with its limit. */
  readonly byLimit: boolean;
  readonly path: string;
}

/** One finding per NIC and direction, at the first slice in the file that does not fit any more. */
export function reservationFindings(spec: HostSpec, sums: ReadonlyMap<NicId, Readonly<Reserved>>): readonly Finding[] {
  return spec.nics.flatMap((nic) =>
    DIRECTIONS.flatMap((direction) => {
      const sum = sums.get(nic.name)?.[direction] ?? 0;
      return sum > roomFor(nic, direction) ? overbooked(spec, nic, direction) : [];
    }),
  );
}

function sharesOn(spec: HostSpec, nic: NicSpec, direction: Direction): readonly Placed[] {
  const placed: Placed[] = [];
  const shaped = shapedIngress(spec);
  const vfs = vfCounting(spec);
  eachVif(spec, (vif, place) => {
    const index = vif.aggregate.slices.findIndex((slice) => slice.nic === nic.name);
    const slice = vif.aggregate.slices[index];
    if (slice === undefined) return;
    const path = `${place()}.aggregate.slices[${index}].${direction}`;
    const counted = countedOf(slice, direction, shaped, vfs);
    const byLimit = direction === "egress" && isVf(slice) && vfs.get(slice.nic) !== true;
    placed.push({ vif, share: slice[direction], counted, byLimit, path });
  });
  return placed;
}

function overbooked(spec: HostSpec, nic: NicSpec, direction: Direction): readonly Finding[] {
  const room = roomFor(nic, direction);
  const placed = sharesOn(spec, nic, direction);
  let sum = bitsPerSecond(0);
  let first: (Placed & { readonly left: BitsPerSecond }) | undefined;
  for (const slice of placed) {
    const left = subtractRates(room, sum);
    sum = addRates(sum, bitsPerSecond(slice.counted));
    if (first === undefined && sum > room) first = { ...slice, left };
  }
  if (first === undefined) return [];
  const kept =
    direction === "egress"
      ? `${formatRate(hostShare(nic).reserve)} for the host`
      : `${formatRate(subtractRates(nic.capacity, room))} so that the queue is here and not in the switch`;
  return [
    {
      code: "SPEC_DOES_NOT_FIT",
      path: `${first.path}.${first.byLimit ? "limit" : "reserve"}`,
      message:
        `the ${direction} reservations on ${nic.name} add up to ${formatRate(sum)}; ${formatRate(room)} can be ` +
        `reserved (capacity ${formatRate(nic.capacity)} less ${kept})${placed.some((one) => one.byLimit) ? "; virtual functions count with their limits" : ""}`,
      found: formatRate((first.byLimit ? first.share?.limit : first.share?.reserve) ?? bitsPerSecond(0)),
      allowed: `at most ${formatRate(first.left)} is left here for ${first.vif.id}`,
      hint: `lower reservations on ${nic.name} by ${formatRate(subtractRates(sum, room))} in all; the largest are ${largest(placed)}`,
    },
  ];
}

const largest = (placed: readonly Placed[]): string =>
  placed
    .map(({ vif, share, byLimit }) => ({ vif, reserve: (byLimit ? share?.limit : share?.reserve) ?? bitsPerSecond(0) }))
    .toSorted((a, b) => b.reserve - a.reserve)
    .slice(0, 3)
    .map(({ vif, reserve }) => `${vif.id} ${formatRate(reserve)}`)
    .join(", ");

import {
  addRates,
  type BitsPerSecond,
  bitsPerSecond,
  type ErrorCode,
  formatRate,
  type HostSpec,
  type NicId,
  type NicSpec,
  type SliceShare,
  subtractRates,
  type VifId,
  type VifSpec,
} from "@gona/model";
import { hostReserve, RATE_FLOOR, reservable } from "./htb-shape.ts";
import { vlansOf } from "./vif-plan.ts";

/** Why a spec cannot be carried out as it stands. */
export interface Finding {
  readonly code: ErrorCode;
  /** As SpecLocation.path: `guests[0].aggregate.slices[1].egress.reserve`. */
  readonly path: string;
  /** One sentence, with numbers. */
  readonly message: string;
  readonly found?: string;
  readonly allowed?: string;
  readonly hint?: string;
}

/**
 * Whether every promise of a spec can be kept at once; empty when it fits. Reservations on a NIC
 * count in each direction against its capacity less what the host is assured; a slice without a
 * reservation counts RATE_FLOOR on the way out, because HTB assures it that much. A NIC's loss takes
 * its own reservations with it and adds none to the others (`degrade`, `stop`), and `active-backup`
 * reserves on every NIC that it may use, so the sums of the whole host are the hardest case.
 */
export function admit(spec: HostSpec): readonly Finding[] {
  return [...sliceFindings(spec), ...reservationFindings(spec), ...addressFindings(spec)];
}

type Direction = "egress" | "ingress";
const DIRECTIONS: readonly Direction[] = ["egress", "ingress"];

/** A slice's share of one NIC in one direction, with the place it has in the spec. */
interface Placed {
  readonly vif: VifSpec;
  readonly share: SliceShare;
  readonly path: string;
}

interface PlacedVif {
  readonly vif: VifSpec;
  /** `guests[0]` or `guests[0].vifs[1]`. */
  readonly path: string;
  readonly short: boolean;
}

/** Visits vifs; the path is made only when it is asked for, because nearly always nobody does. */
function eachVif(spec: HostSpec, visit: (vif: VifSpec, place: () => PlacedVif) => void): void {
  for (const [i, guest] of spec.guests.entries()) {
    for (const [j, vif] of guest.vifs.entries()) {
      visit(vif, () => {
        // A guest in the short form (`vif:` and `aggregate:`) has one vif of its own name.
        const short = vif.id === (guest.name as string as VifId);
        return { vif, short, path: short ? `guests[${i}]` : `guests[${i}].vifs[${j}]` };
      });
    }
  }
}

function sharesOn(spec: HostSpec, nic: NicSpec, direction: Direction): readonly Placed[] {
  const placed: Placed[] = [];
  eachVif(spec, (vif, place) => {
    for (const [k, slice] of vif.aggregate.slices.entries()) {
      const share = slice.nic === nic.name ? slice[direction] : undefined;
      if (share === undefined) continue;
      placed.push({ vif, share, path: `${place().path}.aggregate.slices[${k}].${direction}` });
    }
  });
  return placed;
}

function sliceFindings(spec: HostSpec): readonly Finding[] {
  const capacities = new Map(spec.nics.map((nic) => [nic.name, nic.capacity]));
  const findings: Finding[] = [];
  eachVif(spec, (vif, place) => {
    for (const [k, slice] of vif.aggregate.slices.entries()) {
      const capacity = capacities.get(slice.nic) ?? slice.egress.limit;
      for (const direction of DIRECTIONS) {
        const share = slice[direction];
        if (share === undefined || (share.limit <= capacity && share.reserve <= share.limit)) continue;
        const path = `${place().path}.aggregate.slices[${k}].${direction}`;
        if (share.limit > capacity) findings.push(tooHigh(`${path}.limit`, "limit", share.limit, capacity));
        if (share.reserve > share.limit)
          findings.push(tooHigh(`${path}.reserve`, "reserve", share.reserve, share.limit));
      }
    }
  });
  return findings;
}

/** What is reserved on each NIC, each way, in bit/s. */
function reservations(spec: HostSpec): ReadonlyMap<NicId, Readonly<Record<Direction, number>>> {
  const sums = new Map(spec.nics.map((nic) => [nic.name, { egress: 0, ingress: 0 }]));
  eachVif(spec, (vif) => {
    for (const slice of vif.aggregate.slices) {
      const sum = sums.get(slice.nic);
      if (sum === undefined) continue;
      sum.egress += countedReserve(slice.egress, "egress");
      if (slice.ingress !== undefined) sum.ingress += countedReserve(slice.ingress, "ingress");
    }
  });
  return sums;
}

function tooHigh(path: string, what: "limit" | "reserve", found: BitsPerSecond, most: BitsPerSecond): Finding {
  return {
    code: "SPEC_DOES_NOT_FIT",
    path,
    message: `the ${what} ${formatRate(found)} is above the ${what === "limit" ? "capacity of the NIC" : "limit"}`,
    found: formatRate(found),
    allowed: `at most ${formatRate(most)}`,
  };
}

/** One finding per NIC and direction, at the first slice in the file that does not fit any more. */
function reservationFindings(spec: HostSpec): readonly Finding[] {
  const sums = reservations(spec);
  return spec.nics.flatMap((nic) =>
    DIRECTIONS.flatMap((direction) => {
      const sum = sums.get(nic.name)?.[direction] ?? 0;
      return sum > reservable(nic.capacity) ? overbooked(spec, nic, direction) : [];
    }),
  );
}

function overbooked(spec: HostSpec, nic: NicSpec, direction: Direction): readonly Finding[] {
  const room = reservable(nic.capacity);
  const placed = sharesOn(spec, nic, direction);
  let sum = bitsPerSecond(0);
  let first: (Placed & { readonly left: BitsPerSecond }) | undefined;
  for (const slice of placed) {
    const left = subtractRates(room, sum);
    sum = addRates(sum, countedReserve(slice.share, direction));
    if (first === undefined && sum > room) first = { ...slice, left };
  }
  if (first === undefined) return [];
  return [
    {
      code: "SPEC_DOES_NOT_FIT",
      path: `${first.path}.reserve`,
      message:
        `the ${direction} reservations on ${nic.name} add up to ${formatRate(sum)}; ${formatRate(room)} can be ` +
        `reserved (capacity ${formatRate(nic.capacity)} less ${formatRate(hostReserve(nic.capacity))} for the host)`,
      found: formatRate(first.share.reserve),
      allowed: `at most ${formatRate(first.left)} is left here for ${first.vif.id}`,
      hint: `lower reservations on ${nic.name} by ${formatRate(subtractRates(sum, room))} in all; the largest are ${largest(placed)}`,
    },
  ];
}

const countedReserve = (share: SliceShare, direction: Direction): BitsPerSecond =>
  direction === "egress" ? bitsPerSecond(Math.max(share.reserve, Math.min(RATE_FLOOR, share.limit))) : share.reserve;

const largest = (placed: readonly Placed[]): string =>
  placed
    .toSorted((a, b) => b.share.reserve - a.share.reserve)
    .slice(0, 3)
    .map(({ vif, share }) => `${vif.id} ${formatRate(share.reserve)}`)
    .join(", ");

/**
 * A trunk VLAN makes a vif's addresses known there too, so they must not belong to another vif of
 * that VLAN (the spec's own check compares access VLANs alone).
 */
function addressFindings(spec: HostSpec): readonly Finding[] {
  const findings: Finding[] = [];
  const trunks = new Set(spec.guests.flatMap((guest) => guest.vifs.flatMap((vif) => vif.trunk)));
  if (trunks.size === 0) return findings;
  const fabricOf = new Map(spec.nics.map((nic) => [nic.name, nic.fabric]));
  const owners = new Map<string, VifSpec>();
  eachVif(spec, (vif, place) => {
    const first = vif.aggregate.slices[0];
    const fabric = (first && fabricOf.get(first.nic)) ?? "";
    for (const vlan of vlansOf(vif)) {
      if (!trunks.has(vlan)) continue;
      for (const [index, address] of vif.addresses.entries()) {
        const key = `${fabric}/${vlan} ${address}`;
        const owner = owners.get(key);
        if (owner === undefined) owners.set(key, vif);
        else if (owner !== vif && (vlan !== vif.vlan || vlan !== owner.vlan)) {
          const { path, short } = place();
          findings.push({
            code: "SPEC_DUPLICATE",
            path: `${path}${short ? ".vif" : ""}.addresses[${index}]`,
            message: `${owner.id} has the address ${address} in VLAN ${vlan} too, which both vifs may use`,
            found: address,
            hint: "take the VLAN out of one trunk, or give one vif another address",
          });
        }
      }
    }
  });
  return findings;
}

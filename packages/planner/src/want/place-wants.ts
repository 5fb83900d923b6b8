import {
  type AggregateSpec,
  type BitsPerSecond,
  formatRate,
  type HostSpec,
  minRate,
  type NicId,
  type SliceSpec,
  type VifId,
  type VifSpec,
} from "@gona/model";
import { mostMovedTo } from "../admit-nic-loss.ts";
import type { Finding } from "../finding.ts";
import { roomFor } from "../host-share.ts";
import { countedEgress } from "../reservations.ts";
import { placeOnFabric } from "./place-on-fabric.ts";
import { type Placed, placedVifs } from "./placed.ts";
import { wantingVifs } from "./wanting.ts";

/** A wanted reservation that is too high, and the highest that would do. */
export interface WantShortfall {
  readonly vif: VifId;
  /** Of the want's `reserve`. */
  readonly path: string;
  readonly from: BitsPerSecond;
  readonly to: BitsPerSecond;
}

export interface Placement {
  /** Every aggregate with `want` has its slices; where not all fit, those of what they could have. */
  readonly spec: HostSpec;
  /** Empty where every want is granted. */
  readonly findings: readonly Finding[];
  /** In the order of the spec. */
  readonly short: readonly WantShortfall[];
}

/**
 * Chooses the slices of every aggregate that has `want`, on the NICs of its fabric, from what the
 * explicit slices leave. With the last placement given, a guest keeps its slices as long as they do
 * for it and everybody fits; else all are placed anew, in the order of their names. Where the wants
 * do not fit, each gets its part by weighted max-min, and `findings` and `short` say who lacks what.
 */
export function placeWants(spec: HostSpec, previous?: Placed): Placement {
  const wanting = wantingVifs(spec);
  if (wanting.length === 0) return { spec, findings: [], short: [] };
  const before = placedVifs(previous ?? { guests: [] });
  const free = freeRooms(spec);
  const slices = new Map<VifSpec, readonly SliceSpec[]>();
  const lowered = new Map<VifSpec, BitsPerSecond>();
  for (const fabric of new Set(wanting.map(({ want }) => want.fabric))) {
    const nics = spec.nics.filter((nic) => nic.fabric === fabric);
    const rooms = nics.map((nic) => Math.max(0, free.get(nic.name) ?? 0));
    const here = wanting.filter(({ want }) => want.fabric === fabric);
    const placed = placeOnFabric({ nics, rooms }, here, before);
    for (const [vif, chosen] of placed.slices) slices.set(vif, chosen);
    for (const [vif, reserve] of placed.lowered) lowered.set(vif, reserve);
  }
  const short = wanting.flatMap(({ vif, want, path }) => {
    const to = lowered.get(vif);
    return to === undefined ? [] : [{ vif: vif.id, path, from: want.reserve, to }];
  });
  return { spec: withSlices(spec, slices), findings: findingsOf(spec, short), short };
}

/** What explicit slices leave of each NIC on the way out, whichever NIC is lost, bit/s; negative where they ask too much. */
function freeRooms(spec: HostSpec): ReadonlyMap<NicId, number> {
  const rooms = new Map<NicId, number>(spec.nics.map((nic) => [nic.name, roomFor(nic, "egress")]));
  for (const [nic, moved] of mostMovedTo(spec)) rooms.set(nic, (rooms.get(nic) ?? 0) - moved);
  for (const guest of spec.guests) {
    for (const { aggregate } of guest.vifs) {
      if (aggregate.want !== undefined) continue;
      for (const slice of aggregate.slices) {
        rooms.set(slice.nic, (rooms.get(slice.nic) ?? 0) - countedEgress(slice));
      }
    }
  }
  return rooms;
}

function withSlices(spec: HostSpec, slices: ReadonlyMap<VifSpec, readonly SliceSpec[]>): HostSpec {
  const place = (vif: VifSpec): VifSpec => {
    const chosen = slices.get(vif);
    return chosen === undefined ? vif : { ...vif, aggregate: withChosen(vif.aggregate, chosen) };
  };
  const guests = spec.guests.map((guest) =>
    guest.vifs.some((vif) => slices.has(vif)) ? { ...guest, vifs: guest.vifs.map(place) } : guest,
  );
  return { ...spec, guests };
}

/** Each slice may go up to the wanted limit, so that one flow may; all of them together are capped by it. */
function withChosen(aggregate: AggregateSpec, slices: readonly SliceSpec[]): AggregateSpec {
  const most = aggregate.want?.limit;
  if (most === undefined || slices.length < 2) return { ...aggregate, slices };
  const cap = aggregate.limit?.egress;
  return { ...aggregate, slices, limit: { ...aggregate.limit, egress: cap === undefined ? most : minRate(cap, most) } };
}

/** One for each fabric, at the first guest that gets less than it wants. */
function findingsOf(spec: HostSpec, short: readonly WantShortfall[]): readonly Finding[] {
  const byVif = new Map(short.map((one) => [one.vif, one]));
  const findings = new Map<string, { readonly first: WantShortfall; readonly survive: number; count: number }>();
  for (const { vif, want } of wantingVifs(spec)) {
    const one = byVif.get(vif.id);
    if (one === undefined) continue;
    const found = findings.get(want.fabric);
    if (found === undefined) findings.set(want.fabric, { first: one, survive: want.survive, count: 1 });
    else found.count++;
  }
  return Array.from(findings, ([fabric, { first, survive, count }]) => ({
    code: "SPEC_DOES_NOT_FIT" as const,
    path: first.path,
    message:
      `${first.vif} wants ${formatRate(first.from)} on the fabric ${fabric}` +
      `${survive === 0 ? "" : `, also with ${survive} of its NICs lost`}; that is not there` +
      `${count === 1 ? "" : `, nor what ${count - 1} other ${count === 2 ? "guest wants" : "guests want"}`}`,
    found: formatRate(first.from),
    allowed: `at most ${formatRate(first.to)} where all that want share by their weights`,
  }));
}

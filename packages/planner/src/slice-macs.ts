import type { HostSpec, NicId, VifId, VifSpec } from "@gona/model";
import type { HubState } from "./hub-state.ts";
import { sliceMac } from "./slice-mac.ts";
import type { VifPlan } from "./vif-plan.ts";

/** Gives out per-slice MACs that nothing else on the host has. */
export interface SliceMacs {
  /** The same each time. */
  macFor(vif: VifSpec, nic: NicId): string;
}

export interface SliceMacsInput {
  readonly spec: HostSpec;
  readonly observed: HubState;
  /** The plans of vifs that stay as they are. */
  readonly kept: ReadonlyMap<VifId, VifPlan>;
  /** The vifs that are planned anew. */
  readonly changed: readonly VifSpec[];
  /** Own MACs that no guest had before. */
  readonly arrived: ReadonlySet<string>;
}

/**
 * The MACs of the vifs that are planned anew. Guests' own MACs come first, then those of the vifs
 * that stay, then what changed vifs show now, and what is new takes the first derived MAC that is
 * left. Unique over all fabrics, which is more than needed and simpler.
 */
export function sliceMacs(input: SliceMacsInput): SliceMacs {
  const shown = new Map<string, string>();
  // Who has which MAC is asked only where a MAC is new: to collect 5,000 costs a millisecond.
  let owners = input.arrived.size > 0 ? ownersOf(input) : undefined;
  for (const vif of input.changed) {
    for (const [nic, mac] of shownMacs(vif, input.observed)) {
      if (owners === undefined || claim(owners, mac, vif.id)) shown.set(`${vif.id} ${nic}`, mac);
    }
  }
  return {
    macFor(vif, nic) {
      const key = `${vif.id} ${nic}`;
      const before = shown.get(key);
      if (before !== undefined) return before;
      if (owners === undefined) {
        owners = ownersOf(input);
        for (const mac of shown.values()) owners.set(mac, vif.id);
      }
      for (let attempt = 0; ; attempt++) {
        const mac = sliceMac(vif.mac, nic, attempt);
        if (!claim(owners, mac, vif.id)) continue;
        shown.set(key, mac);
        return mac;
      }
    },
  };
}

type Owners = Map<string, VifId>;

function ownersOf({ spec, kept }: SliceMacsInput): Owners {
  const owners: Owners = new Map();
  for (const guest of spec.guests) for (const vif of guest.vifs) owners.set(vif.mac, vif.id);
  for (const { stations, spec: vif } of kept.values()) for (const [, { mac }] of stations) owners.set(mac, vif.id);
  return owners;
}

/** What a vif shows by NIC in the kernel now, as far as it may go on showing it. */
function shownMacs(vif: VifSpec, observed: HubState): readonly (readonly [NicId, string])[] {
  const before = observed.vifs.get(vif.id);
  if (before === undefined || before.mac !== vif.mac || !before.rewriteMac) return [];
  return before.slices.flatMap((slice) => (slice === null ? [] : [[slice.nic, slice.mac] as const]));
}

/** Whether a vif that stays shows a MAC that one of the `arrived` guests brings as its own. */
export function showsOneOf(vif: VifPlan, arrived: ReadonlySet<string>): boolean {
  if (arrived.size === 0 || !vif.entry.rewriteMac) return false;
  return vif.stations.some(([, { slice, mac }]) => slice !== "own" && arrived.has(mac));
}

function claim(owners: Owners, mac: string, vif: VifId): boolean {
  if (owners.has(mac)) return false;
  owners.set(mac, vif);
  return true;
}

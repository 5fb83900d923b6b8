import type { BitsPerSecond, FabricId, HostSpec, Nanoseconds, NicId, NicSpec, VifId, VifSpec } from "@gona/model";
import { assignNumbers } from "./assign-numbers.ts";
import { bypassOf } from "./bypass.ts";
import { missingBypass, planBypasses } from "./bypass-plan.ts";
import { allFacets, changedFacets, type Plans } from "./desired-facets.ts";
import { effectiveShares } from "./effective-shares.ts";
import { equalData } from "./equal-data.ts";
import { fabricNumbers } from "./fabric-numbers.ts";
import { assuredRate, type ShareScale } from "./htb-shape.ts";
import { type HubState, sliceKey } from "./hub-state.ts";
import type { Inventory } from "./inventory.ts";
import { knownVifs } from "./known-vifs.ts";
import { type NicPlan, planNics, type ShapedTree } from "./nic-plan.ts";
import { observedPaceTime, paceTime } from "./pace.ts";
import { goodRatesPerShare, shareScale } from "./share-scale.ts";
import { showsOneOf, sliceMacs } from "./slice-macs.ts";
import { hostSpines } from "./spine-plan.ts";
import { TableMemo } from "./table-memo.ts";
import { planVif, rewritesMac, type VifPlan, vifDevice } from "./vif-plan.ts";

/** Slots of gona_vifs. */
const VIF_SLOTS = { low: 0, high: 4095 };

export interface DesiredInput {
  /** Admitted: admit() has nothing to say against it. */
  readonly spec: HostSpec;
  readonly inventory: Inventory;
  /** What stands in the kernel now: numbers, MACs and bucket tables are kept from it. */
  readonly observed: HubState;
  /** The last call's input and result; saves the work on what did not change, changes no result's meaning. */
  readonly previous?: PreviousDesired | undefined;
}

export interface PreviousDesired {
  readonly spec: HostSpec;
  readonly inventory: Inventory;
  readonly desired: Desired;
}

/** A part of the spec that is left out for now, with the reason in words. */
export type Pending =
  | { readonly kind: "nic"; readonly nic: NicId; readonly reason: string }
  | { readonly kind: "vif"; readonly vif: VifId; readonly reason: string };

export interface Desired {
  readonly hub: HubState;
  /** In the order of the spec, NICs first. */
  readonly pending: readonly Pending[];
  /** How it came about; for the next call alone. */
  readonly memo: DesiredMemo;
}

interface DesiredMemo extends Plans {
  /** All of the spec, in its order; pending ones too. */
  readonly vifSpecs: readonly VifSpec[];
  readonly fabrics: ReadonlyMap<FabricId, number>;
  /** paceTime() of the machine. */
  readonly pacing: Nanoseconds;
}

/**
 * What the kernel should hold for a spec, given what it holds and what links there are. Every number
 * that it holds for something still wanted stays (slots, slice numbers, fabric numbers, MACs,
 * buckets); what is new gets numbers that nothing has, wanted or observed. Called again with its own
 * result as `observed`, it returns that result. What cannot be done yet is pending and hinders
 * nothing else.
 */
export function desiredState(input: DesiredInput): Desired {
  const { spec, inventory, observed } = input;
  const before = input.previous?.desired.memo;
  const fabrics = fabricNumbers(spec, observed, before?.fabrics);
  const vifSpecs = knownVifs(spec, before?.vifSpecs, before?.vifs);
  const pacing = paceTime(inventory.timerLateness, observedPaceTime(observed));
  const isUp = (nic: NicId): boolean =>
    inventory.nicsUp.has(nic) && inventory.links.has(nic) && !inventory.absentNics?.has(nic);
  const vifs = new VifPlanning(input, vifSpecs, pacing, isUp);
  const { nics, missing } = planNics({
    spec,
    vifSpecs,
    inventory,
    observed,
    fabrics,
    pacing,
    isUp,
    before: before?.nics,
    guessScale: (tree) => (before === undefined ? vifs.observedScale(tree) : undefined),
  });
  const spines = hostSpines(vifSpecs, before?.spines);
  const plans: Plans = { nics, spines, vifs: vifs.plan(nics, fabrics) };
  const bypasses = planBypasses(spec, vifs.bypassed, observed);
  const facets =
    input.previous === undefined || before === undefined
      ? allFacets(plans)
      : changedFacets(input.previous.desired.hub, before, plans);
  const hub: HubState = { ...facets, bypasses };
  const pending: readonly Pending[] = [
    ...[...missing].map(([nic, reason]): Pending => ({ kind: "nic", nic, reason })),
    ...vifs.pending,
  ];
  return { hub, pending, memo: { ...plans, vifSpecs, fabrics, pacing } };
}

/** Why a vif cannot be there; undefined where its link is, or can be made. */
function missingLink(vif: VifSpec, inventory: Inventory): string | undefined {
  const { links, namespaces } = inventory;
  const { attachment } = vif;
  const bypass = bypassOf(vif);
  if (bypass !== undefined) return missingBypass(bypass, inventory);
  if (attachment.kind === "device") {
    return links.has(attachment.device) ? undefined : `there is no link ${attachment.device} yet`;
  }
  if (attachment.kind === "vf") return "it has no virtual function";
  const canBeMade = namespaces === undefined || namespaces.has(attachment.netns);
  if (canBeMade || links.has(vifDevice(vif))) return undefined;
  return `there is no network namespace ${attachment.netns} yet`;
}

/** The vifs of one call: which are there, under which slots, and which need a new plan. */
class VifPlanning {
  readonly pending: Pending[] = [];
  /** Those of the present that have a device of their own on a NIC; only macvtaps have a slot, a filter and a class. */
  readonly bypassed: readonly VifSpec[];
  readonly #input: DesiredInput;
  readonly #present: readonly VifSpec[];
  readonly #slots: ReadonlyMap<VifId, number>;
  readonly #nicSpecs: ReadonlyMap<NicId, NicSpec>;
  readonly #lags: ReadonlySet<FabricId>;
  readonly #pacing: Nanoseconds;
  readonly #isUp: (nic: NicId) => boolean;

  constructor(input: DesiredInput, vifSpecs: readonly VifSpec[], pacing: Nanoseconds, isUp: (nic: NicId) => boolean) {
    this.#input = input;
    this.#pacing = pacing;
    this.#isUp = isUp;
    const { spec, inventory, observed } = input;
    const present: VifSpec[] = [];
    const bypassed: VifSpec[] = [];
    for (const vif of vifSpecs) {
      const missing = missingLink(vif, inventory);
      if (missing !== undefined) {
        this.#leaveOut(vif, missing);
        continue;
      }
      if (vif.attachment.kind !== "vf") present.push(vif);
      if (bypassOf(vif) !== undefined) bypassed.push(vif);
    }
    this.bypassed = bypassed;
    const slots = assignNumbers(
      present.map((vif) => vif.id),
      VIF_SLOTS,
      (vif) => observed.vifs.get(vif)?.slot,
      () => occupiedVifSlots(observed),
    );
    this.#present = slots.size === present.length ? present : present.filter((vif) => slots.has(vif.id));
    for (const vif of present) if (!slots.has(vif.id)) this.#leaveOut(vif, "all 4,096 vif slots are taken");
    this.#slots = slots;
    this.#nicSpecs = new Map(spec.nics.map((nic) => [nic.name, nic]));
    this.#lags = new Set(spec.fabrics.filter((fabric) => fabric.lag).map((fabric) => fabric.name));
  }

  #leaveOut(vif: VifSpec, reason: string): void {
    this.pending.push({ kind: "vif", vif: vif.id, reason });
  }

  plan(nics: ReadonlyMap<NicId, NicPlan>, fabrics: ReadonlyMap<FabricId, number>): ReadonlyMap<VifId, VifPlan> {
    const { spec, inventory, observed, previous } = this.#input;
    const before = previous?.desired.memo.vifs;
    const sameNics = nics === previous?.desired.memo.nics;
    const samePacing = this.#pacing === previous?.desired.memo.pacing;
    const sameLeaves = inventory.fqCodel === previous?.inventory.fqCodel;
    const plans = new Map<VifId, VifPlan>();
    const changed: VifSpec[] = [];
    const arrived = new Set<string>();
    for (const vif of this.#present) {
      const was = before?.get(vif.id);
      if (was?.spec.mac !== vif.mac) arrived.add(vif.mac);
      const stays =
        was?.spec === vif &&
        samePacing &&
        sameLeaves &&
        inventory.tables?.get(vif.id) === previous?.inventory.tables?.get(vif.id) &&
        inventory.moving?.get(vif.id) === previous?.inventory.moving?.get(vif.id) &&
        (sameNics || hasSameNics(was, nics)) &&
        this.#stays(was, this.#fabricNumber(vif, fabrics));
      if (stays) plans.set(vif.id, was);
      else changed.push(vif);
    }
    if (arrived.size > 0) {
      for (const [id, was] of plans) {
        if (!showsOneOf(was, arrived)) continue;
        plans.delete(id);
        changed.push(was.spec);
      }
    }
    if (changed.length === 0) return before !== undefined && before.size === plans.size ? before : plans;
    const macs = sliceMacs({ spec, observed, kept: plans, changed, arrived });
    const memo = new TableMemo();
    for (const vif of changed) {
      const made = planVif({
        spec: vif,
        slot: this.#slots.get(vif.id) ?? 0,
        fabric: this.#fabricNumber(vif, fabrics),
        lag: this.#lags.has(this.#fabricOf(vif)),
        nics: vif.aggregate.slices.map((slice) => nics.get(slice.nic)),
        observed,
        pacing: this.#pacing,
        fqCodel: inventory.fqCodel === true,
        macFor: (nic) => macs.macFor(vif, nic),
        table: inventory.tables?.get(vif.id),
        memo,
        moving: inventory.moving?.get(vif.id),
      });
      plans.set(vif.id, made);
    }
    return plans;
  }

  /** Whether the last call's plan of a vif, whose spec and NICs are the same, is right as it stands. */
  #stays({ spec, entry }: VifPlan, fabric: number): boolean {
    if (entry.slot !== this.#slots.get(spec.id) || entry.fabric !== fabric) return false;
    // A fabric may become a lag while all its NICs are missing.
    if (entry.rewriteMac !== rewritesMac(spec, this.#lags.has(this.#fabricOf(spec)))) return false;
    const observed = this.#input.observed.vifs.get(spec.id);
    return observed === entry || equalData(observed, entry);
  }

  /** All slices of an aggregate are on NICs of one fabric. */
  #fabricOf(vif: VifSpec): FabricId {
    const first = vif.aggregate.slices[0];
    return (first && this.#nicSpecs.get(first.nic)?.fabric) ?? ("" as FabricId);
  }

  #fabricNumber(vif: VifSpec, fabrics: ReadonlyMap<FabricId, number>): number {
    return fabrics.get(this.#fabricOf(vif)) ?? 0;
  }

  /**
   * Which of the scales that would do, the observed classes of a tree were made with: so that a
   * daemon that starts anew finds its predecessor's state and leaves it alone.
   */
  observedScale({ nic, link, room, shares, shareOf }: ShapedTree): ShareScale | undefined {
    const { observed } = this.#input;
    if (!observed.trees.has(link)) return undefined;
    const score = (ratePerShare: BitsPerSecond): number => {
      let matches = 0;
      for (const vif of this.#present) {
        const slice = effectiveShares(vif.aggregate, this.#isUp).find((one) => one.nic === nic);
        const queue = observed.slices.get(sliceKey(link, this.#slots.get(vif.id) ?? -1));
        if (slice !== undefined && queue?.rate === assuredRate(shareOf(slice), ratePerShare)) matches++;
      }
      return matches;
    };
    let best: { readonly ratePerShare: BitsPerSecond; readonly matches: number } | undefined;
    for (const ratePerShare of goodRatesPerShare(room, shares)) {
      const matches = score(ratePerShare);
      if (best === undefined || matches > best.matches) best = { ratePerShare, matches };
    }
    return best && { ...shareScale(room, shares), ratePerShare: best.ratePerShare };
  }
}

function hasSameNics(was: VifPlan, nics: ReadonlyMap<NicId, NicPlan>): boolean {
  const { slices } = was.spec.aggregate;
  for (let index = 0; index < slices.length; index++) {
    if (was.nics[index] !== nics.get(slices[index]?.nic as NicId)) return false;
  }
  return true;
}

/** Every slot that anything in the kernel still names. */
function occupiedVifSlots(observed: HubState): ReadonlySet<number> {
  const occupied = new Set<number>();
  for (const vif of observed.vifs.values()) occupied.add(vif.slot);
  for (const slice of observed.slices.values()) occupied.add(slice.vifSlot);
  for (const { vifSlot } of observed.trafficRules.values()) occupied.add(vifSlot);
  for (const station of observed.stations.values()) occupied.add(station.vifSlot);
  for (const address of observed.addresses.values()) occupied.add(address.vifSlot);
  for (const filter of observed.vifFilters.values()) occupied.add(filter.vifSlot);
  return occupied;
}

import type { VifId } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit } from "../src/admit.ts";
import { applySteps, invertSteps } from "../src/apply-steps.ts";
import { type Desired, desiredState } from "../src/desired-state.ts";
import { equalData } from "../src/equal-data.ts";
import { EMPTY_HUB, type HubState, type VifEntry } from "../src/hub-state.ts";
import { plan } from "../src/plan.ts";
import { expectSound, hasWorkingSlice } from "./hub-invariants.ts";
import { brokenPaths } from "./queue-invariants.ts";
import { type World, world } from "./world.ts";

const hubOf = (w: World, observed: HubState = EMPTY_HUB): Desired => desiredState({ ...w, observed });

/** What happened between two states, so that the tests can tell that they saw it. */
function changesBetween(before: HubState, after: HubState): readonly string[] {
  const seen: string[] = [];
  for (const nic of before.nics.keys()) if (!after.nics.has(nic)) seen.push("NIC removed");
  for (const nic of after.nics.keys()) if (!before.nics.has(nic)) seen.push("NIC added");
  for (const [id, was] of before.vifs) {
    const now = after.vifs.get(id);
    if (now === undefined) {
      seen.push("vif removed");
      continue;
    }
    if (swapsAllNics(was, now)) seen.push("all slices swapped");
    if (was.fabric !== now.fabric) seen.push("fabric changed");
    if (was.mac !== now.mac) seen.push("MAC changed");
    for (const what of ["parts", "latency", "capped", "localCapped", "queued"] as const) {
      if (was[what] !== now[what]) seen.push(`${what} ${now[what] ? "on" : "off"}`);
    }
  }
  for (const id of after.vifs.keys()) if (!before.vifs.has(id)) seen.push("vif added");
  for (const id of new Set([...before.bypasses.keys(), ...after.bypasses.keys()])) {
    const [was, now] = [before, after].map((hub) => hub.bypasses.get(id)?.kind);
    if (was !== now) seen.push(`${now ?? was} ${now ? "added" : "removed"}`);
  }
  for (const id of new Set([...before.spines.keys(), ...after.spines.keys()])) {
    if (!before.spines.has(id)) seen.push("spine added");
    if (!after.spines.has(id)) seen.push("spine removed");
  }
  for (const [key, was] of before.slices) {
    const now = after.slices.get(key);
    if (was.parts.length > 0 && now && now.parts.length > 0 && now.parts.length < was.parts.length) {
      seen.push("part removed");
    }
  }
  return seen;
}

function swapsAllNics(was: VifEntry | undefined, now: VifEntry | undefined): boolean {
  const nics = (vif: VifEntry | undefined) =>
    (vif?.slices ?? []).flatMap((slice) => (slice === null ? [] : [slice.nic]));
  const [old, fresh] = [nics(was), nics(now)];
  return old.length > 0 && fresh.length > 0 && !old.some((nic) => fresh.includes(nic));
}

function isSameDevice(from: HubState, to: HubState, id: VifId): boolean {
  const [was, now] = [from.vifs.get(id), to.vifs.get(id)];
  const isAny = was?.macvtap !== undefined || now?.macvtap !== undefined;
  return !isAny || (equalData(was?.macvtap, now?.macvtap) && was?.device === now?.device);
}

function changesParts(from: HubState, to: HubState, key: string): boolean {
  const [was, now] = [from, to].map((hub) => hub.slices.get(key as never)?.leaf);
  return was === undefined || now === undefined;
}

const WATCHED_SWAP = "all slices of a guest swapped that works before and after";

const ALL_CHANGES = [
  WATCHED_SWAP,
  "NIC removed",
  "NIC added",
  "vif removed",
  "vif added",
  "all slices swapped",
  "fabric changed",
  "MAC changed",
  ...["parts", "latency", "capped", "localCapped", "queued"].flatMap((what) => [`${what} on`, `${what} off`]),
  ...["macvtap", "sriov"].flatMap((what) => [`${what} added`, `${what} removed`]),
  "spine added",
  "spine removed",
  "part removed",
];

describe("plan", () => {
  it("is empty between a state and itself, also when the state is another object", () => {
    fc.assert(
      fc.property(world, (w) => {
        const { hub } = hubOf(w);
        expect(plan(hub, hub)).toEqual([]);
        expect(plan(hub, structuredClone(hub))).toEqual([]);
      }),
    );
  });

  it("leads from any state to any other, and back by the inverted steps", () => {
    fc.assert(
      fc.property(world, world, (a, b) => {
        const [from, to] = [hubOf(a).hub, hubOf(b).hub];
        const steps = plan(from, to);
        const there = applySteps(from, steps);
        expect(there).toEqual(to);
        expect(plan(there, to)).toEqual([]);
        expect(applySteps(there, invertSteps(steps))).toEqual(from);
      }),
    );
  });

  it("leaves a working slice to each guest that is wanted before and after, after every step", () => {
    const seen = new Map<string, number>();
    let watched = 0;
    fc.assert(
      fc.property(world, world, (a, b) => {
        const from = hubOf(a).hub;
        const to = hubOf(b, from).hub;
        for (const change of changesBetween(from, to)) seen.set(change, (seen.get(change) ?? 0) + 1);
        const both = [...from.vifs.keys()].filter(
          (id) =>
            hasWorkingSlice(from, id) &&
            hasWorkingSlice(to, id) &&
            // A veth pair that must be made anew takes its guest's link away, whatever the order.
            // And so does a macvtap, or one in the place of another device.
            isSameDevice(from, to, id) &&
            from.vifLinks.get(id)?.device === to.vifLinks.get(id)?.device,
        );
        watched += both.length;
        const swapped = both.filter((id) => swapsAllNics(from.vifs.get(id), to.vifs.get(id)));
        seen.set(WATCHED_SWAP, (seen.get(WATCHED_SWAP) ?? 0) + swapped.length);
        let now = from;
        for (const step of plan(from, to)) {
          now = applySteps(now, [step]);
          // Nothing below looks at them, and they are half of all steps.
          if (step.facet === "stations" || step.facet === "addresses" || step.facet === "segments") continue;
          const lost = both.filter((id) => !hasWorkingSlice(now, id));
          const excused = {
            changesParts: (key: string) => changesParts(from, to, key),
            leaves: (key: string) => !to.slices.has(key as never),
            changesDevice: (vif: VifId) => from.bypasses.get(vif)?.kind !== to.bypasses.get(vif)?.kind,
          };
          const broken = [...lost, ...brokenPaths(now, excused)];
          if (broken.length > 0) expect(broken, `after ${step.kind} ${step.facet} ${step.key}`).toEqual([]);
        }
      }),
      { numRuns: 600 },
    );
    expect(watched).toBeGreaterThan(50);
    for (const change of ALL_CHANGES) expect(seen.get(change) ?? 0, change).toBeGreaterThan(10);
  });
});

describe("desiredState", () => {
  it("is sound for every admitted spec, and says of each vif and NIC whether it is pending", () => {
    let pendingSeen = 0;
    fc.assert(
      fc.property(world, (w) => {
        expect(admit(w.spec)).toEqual([]);
        const { hub, pending } = hubOf(w);
        expectSound(hub);
        const vifs = w.spec.guests.flatMap((guest) => guest.vifs.map((vif) => vif.id));
        const left = pending.flatMap((entry) => (entry.kind === "vif" ? [entry.vif] : []));
        const held = new Set([...hub.vifs.keys(), ...hub.bypasses.keys()]);
        expect([...held, ...left].sort()).toEqual(vifs.sort());
        pendingSeen += pending.length;
      }),
    );
    expect(pendingSeen).toBeGreaterThan(10);
  });

  it("gives its own result when that is what it observes", () => {
    fc.assert(
      fc.property(world, world, (a, b) => {
        const first = hubOf(a).hub;
        const { hub } = hubOf(b, first);
        expect(plan(hub, hubOf(b, hub).hub)).toEqual([]);
      }),
    );
  });

  it("keeps numbers through random walks, whole plans and broken ones, and shares none", () => {
    const walk = fc.array(
      fc.record({ world, done: fc.double({ min: 0, max: 1.5, noNaN: true }), forget: fc.boolean() }),
      {
        minLength: 3,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(walk, (stops) => {
        let observed = EMPTY_HUB;
        let previous: (World & { readonly desired: Desired }) | undefined;
        for (const { world: w, done, forget } of stops) {
          const desired = desiredState({ ...w, observed, previous: forget ? undefined : previous });
          expectSound(desired.hub);
          expectNoSharedNumbers(observed, desired.hub);
          const steps = plan(observed, desired.hub);
          // A plan that fails half-way leaves a hub that no spec describes.
          observed = applySteps(observed, steps.slice(0, Math.ceil(steps.length * done)));
          previous = { ...w, desired };
          const again = desiredState({ ...w, observed, previous });
          const rest = plan(observed, again.hub);
          const settled = applySteps(observed, rest);
          expect(
            plan(settled, desiredState({ ...w, observed: settled, previous: { ...w, desired: again } }).hub),
          ).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });
});

/** A number belongs to one thing in what is and what is to be together, and what stays keeps its own. */
function expectNoSharedNumbers(observed: HubState, desired: HubState): void {
  const broken: string[] = [];
  for (const [id, was] of observed.vifs) {
    for (const [other, now] of desired.vifs) {
      if ((was.slot === now.slot) !== (id === other))
        broken.push(`slots ${was.slot} of ${id}, ${now.slot} of ${other}`);
    }
    const now = desired.vifs.get(id);
    for (const [number, slice] of was.slices.entries()) {
      const at = now?.slices.findIndex((entry) => entry !== null && entry.nic === slice?.nic) ?? -1;
      if (slice !== null && at >= 0 && at !== number) broken.push(`slice number of ${id} on ${slice.nic}`);
    }
  }
  for (const [nic, was] of observed.nics) {
    for (const [other, now] of desired.nics) {
      if ((was.slot === now.slot) !== (nic === other)) broken.push(`NIC slots of ${nic} and ${other}`);
    }
  }
  expect(broken).toEqual([]);
}

import type { HostSpec } from "@gona/model";
import { type Fit, fitSpec } from "../fit-spec.ts";
import { placeWants } from "../want/place-wants.ts";
import type { Placed } from "../want/placed.ts";
import { nearestReserves } from "./nearest-fit.ts";
import { type NicLoss, nicLosses } from "./nic-losses.ts";
import { type ReserveChange, withReserves } from "./reserve-change.ts";

/** `fits-unless-lost`: every promise is kept as long as no NIC is lost, yet the loss of one breaks some. */
export type Verdict = "fits" | "fits-unless-lost" | "does-not-fit";

export interface WhatIf extends Fit {
  readonly verdict: Verdict;
  /** By the order of the NICs. */
  readonly withoutNic: readonly NicLoss[];
  /** What to change for the nearest spec that fits; empty where it fits, or where lower reservations alone do not help. */
  readonly nearest: readonly ReserveChange[];
}

/** A change may let wants be placed otherwise, which may ask for another. */
const ROUNDS = 4;

/** Whether a spec fits, also with each NIC lost in turn, and what would. */
export function whatIf(spec: HostSpec, previous?: Placed): WhatIf {
  const fit = fitSpec(spec, previous);
  const withoutNic = nicLosses(fit.spec);
  if (fit.findings.length > 0) {
    return { ...fit, verdict: "does-not-fit", withoutNic, nearest: nearestFit(spec, previous) };
  }
  const breaks = withoutNic.some(({ broken }) => broken.length > 0);
  return { ...fit, verdict: breaks ? "fits-unless-lost" : "fits", withoutNic, nearest: [] };
}

/** Of the guests in the spec. */
function inOrder(spec: HostSpec, changes: readonly ReserveChange[]): readonly ReserveChange[] {
  const order = new Map(spec.guests.flatMap(({ vifs }) => vifs).map(({ id }, index) => [id, index]));
  return changes.toSorted((a, b) => (order.get(a.vif) ?? 0) - (order.get(b.vif) ?? 0));
}

function nearestFit(spec: HostSpec, previous?: Placed): readonly ReserveChange[] {
  const changes = new Map<string, ReserveChange>();
  let tried = spec;
  for (let round = 0; round < ROUNDS; round++) {
    const { spec: placed, short } = placeWants(tried, previous);
    const asked = [
      ...nearestReserves(placed),
      ...short.map(({ vif, path, from, to }): ReserveChange => ({ vif, direction: "egress", path, from, to })),
    ];
    for (const change of asked) {
      changes.set(change.path, { ...change, from: changes.get(change.path)?.from ?? change.from });
    }
    tried = withReserves(spec, [...changes.values()]);
    if (fitSpec(tried, previous).findings.length === 0) return inOrder(spec, [...changes.values()]);
  }
  return [];
}

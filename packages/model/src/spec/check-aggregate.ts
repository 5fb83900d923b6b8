import type { BitsPerSecond } from "../units.ts";
import { aggregateRates, checkClasses } from "./check-classes.ts";
import type { KnownNic } from "./check-host.ts";
import { checkLowest, checkRates, rateIn } from "./check-rates.ts";
import { checkWant } from "./check-want.ts";
import { field, isMap, isPresent, items, type Raw, textOf } from "./raw.ts";
import { formatPath } from "./spec-path.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { Unique } from "./unique.ts";
import { unknownName } from "./unknown-name.ts";

function checkSlices(aggregate: Raw, nics: ReadonlyMap<string, KnownNic>, problems: SpecProblem[]): string | undefined {
  const used = new Unique("the NIC of the slice", problems);
  let fabric: string | undefined;
  let fabricFrom: Raw | undefined;
  for (const slice of items(field(aggregate, "slices"))) {
    const nic = field(slice, "nic");
    const name = textOf(nic);
    const known = name === undefined ? undefined : nics.get(name);
    if (name !== undefined) {
      used.claim(name, nic);
      if (known === undefined) problems.push(unknownName(nic, "NIC", name, [...nics.keys()]));
    }
    for (const direction of ["egress", "ingress"]) {
      checkRates(field(slice, direction), known?.capacity, `the capacity of ${name ?? "its NIC"}`, problems);
    }
    if (known === undefined) continue;
    fabric ??= known.fabric;
    fabricFrom ??= nic;
    if (known.fabric === fabric) continue;
    problems.push({
      code: "SPEC_INVALID",
      path: nic.path,
      message: `${name} is on the fabric ${known.fabric}, but ${formatPath(fabricFrom.path)} is on ${fabric}`,
      allowed: "NICs of one fabric in one aggregate",
      hint: "a guest on two fabrics has two vifs (vifs:)",
    });
  }
  return fabric;
}

/** Checks the limits over all slices; returns the one on the way out. */
function checkLimits(aggregate: Raw, problems: SpecProblem[]): BitsPerSecond | undefined {
  const limits = field(aggregate, "limit");
  for (const key of ["egress", "ingress", "local"]) {
    const limit = field(limits, key);
    checkLowest(limit, rateIn(limit, undefined), problems);
  }
  return rateIn(field(limits, "egress"), undefined);
}

/** What each slice may send: its limit, or the capacity of its NIC. */
const egressLimits = (slices: Raw, nics: ReadonlyMap<string, KnownNic>): readonly (BitsPerSecond | undefined)[] =>
  items(slices).map((slice) => {
    const capacity = nics.get(textOf(field(slice, "nic")) ?? "")?.capacity;
    const limit = field(field(slice, "egress"), "limit");
    return isPresent(limit) ? rateIn(limit, capacity) : capacity;
  });

/** What names an order among NICs or moves reservations, neither of which `want` leaves open. */
function checkBesideWant(aggregate: Raw, problems: SpecProblem[]): void {
  const balance = field(aggregate, "balance");
  if (balance.value === "active-backup") {
    problems.push({
      code: "SPEC_INVALID",
      path: balance.path,
      message: "want names no NIC that could go first",
      allowed: "active-backup beside slices, or another balance",
    });
  }
  const onNicLoss = field(aggregate, "onNicLoss");
  if (onNicLoss.value === "keep-reserve") {
    problems.push({
      code: "SPEC_INVALID",
      path: onNicLoss.path,
      message: "what a want keeps is said by its survive",
      allowed: "keep-reserve beside slices, or survive: 1 in the want",
    });
  }
}

/** Checks one aggregate; returns the fabric that its NICs are on, where that is known. */
export function checkAggregate(
  aggregate: Raw,
  nics: ReadonlyMap<string, KnownNic>,
  problems: SpecProblem[],
): string | undefined {
  if (!isMap(aggregate.value)) return undefined;
  const slices = field(aggregate, "slices");
  const want = field(aggregate, "want");
  if (isPresent(slices) === isPresent(want)) {
    problems.push({
      code: "SPEC_INVALID",
      path: isPresent(want) ? want.path : aggregate.path,
      message: isPresent(want) ? "want stands beside slices" : "the aggregate has neither slices nor want",
      allowed: "either slices, or want to let the planner choose them",
      point: isPresent(want) ? "key" : "value",
    });
  }
  checkRates(want, undefined, "", problems);
  const balance = field(aggregate, "balance");
  if (balance.value === "active-backup" && Array.isArray(slices.value) && slices.value.length === 1) {
    problems.push({
      code: "SPEC_INVALID",
      path: balance.path,
      message: "active-backup has no backup with a single slice",
      allowed: "active-backup with two slices or more",
    });
  }
  if (isPresent(want)) checkBesideWant(aggregate, problems);
  const cap = checkLimits(aggregate, problems);
  const limits = isPresent(want) ? [rateIn(field(want, "limit"), undefined)] : egressLimits(slices, nics);
  checkClasses(aggregate, aggregateRates(limits, cap), problems);
  const fabric = checkSlices(aggregate, nics, problems);
  return isPresent(want) ? checkWant(want, nics, problems) : fabric;
}

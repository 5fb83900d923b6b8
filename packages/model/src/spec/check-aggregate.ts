import { PROTOCOLS_WITH_PORTS, readProtocol } from "../scalar/traffic-words.ts";
import type { KnownNic } from "./check-host.ts";
import { checkRates } from "./check-rates.ts";
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

function checkClasses(aggregate: Raw, problems: SpecProblem[]): void {
  const names = new Unique("the name of the class", problems);
  for (const each of items(field(aggregate, "classes"))) {
    const name = field(each, "name");
    const text = textOf(name);
    if (text !== undefined) names.claim(text, name);
    checkRates(each, undefined, "", problems);
    const match = field(each, "match");
    if (isMap(match.value) && Object.keys(match.value).length === 0) {
      problems.push({
        code: "SPEC_INVALID",
        path: match.path,
        message: "the match is empty",
        allowed: "at least one of dscp, pcp, protocol, ports",
      });
    }
    const protocol = readProtocol(field(match, "protocol").value);
    if (isPresent(field(match, "ports")) && protocol.ok && !PROTOCOLS_WITH_PORTS.has(protocol.value)) {
      problems.push({
        code: "SPEC_INVALID",
        path: field(match, "ports").path,
        message: "this protocol has no ports",
        allowed: "ports with tcp, udp, sctp, dccp or udplite, or without protocol",
      });
    }
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
  checkClasses(aggregate, problems);
  return checkSlices(aggregate, nics, problems);
}

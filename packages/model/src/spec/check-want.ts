import type { KnownNic } from "./check-host.ts";
import { field, isMap, type Raw, textOf } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { MAX_SLICES } from "./spec-schema.ts";
import { unknownName } from "./unknown-name.ts";

/** Checks where the slices of `want` may be; returns the fabric, where that is known. */
export function checkWant(want: Raw, nics: ReadonlyMap<string, KnownNic>, problems: SpecProblem[]): string | undefined {
  if (!isMap(want.value)) return undefined;
  const fabrics = [...new Set(Array.from(nics.values(), (nic) => nic.fabric))];
  const named = field(want, "fabric");
  const fabric = textOf(named) ?? fabrics[0];
  if (fabric === undefined) {
    problems.push({
      code: "SPEC_INVALID",
      path: want.path,
      message: "there is no NIC that a slice could be on",
      allowed: "want in a spec with nics",
      point: "key",
    });
    return undefined;
  }
  if (named.value === undefined && fabrics.length > 1) {
    problems.push({
      code: "SPEC_INVALID",
      path: want.path,
      message: "the NICs are on several fabrics",
      allowed: `fabric: one of ${fabrics.join(", ")}`,
      point: "key",
    });
    return undefined;
  }
  if (!fabrics.includes(fabric)) {
    problems.push(unknownName(named, "fabric with a NIC", fabric, fabrics));
    return undefined;
  }
  const survive = field(want, "survive");
  const count = [...nics.values()].filter((nic) => nic.fabric === fabric).length;
  if (typeof survive.value === "number" && survive.value < MAX_SLICES && survive.value >= count) {
    problems.push({
      code: "SPEC_DOES_NOT_FIT",
      path: survive.path,
      message: `the fabric ${fabric} has ${count} ${count === 1 ? "NIC" : "NICs"}: with ${survive.value} lost nothing is left`,
      allowed: `at most ${count - 1}`,
    });
  }
  return fabric;
}

import type { HostSpec } from "@gona/model";
import { admit } from "./admit.ts";
import type { Finding } from "./finding.ts";
import { placeWants } from "./want/place-wants.ts";
import type { Placed } from "./want/placed.ts";

/** A spec with every slice chosen, and why it cannot be carried out; no findings: it fits. */
export interface Fit {
  readonly spec: HostSpec;
  readonly findings: readonly Finding[];
}

/** Places what the spec leaves open, as it was in `previous` (a placed spec) where that will do, and admits it. */
export function fitSpec(spec: HostSpec, previous?: Placed): Fit {
  const placement = placeWants(spec, previous);
  return { spec: placement.spec, findings: [...placement.findings, ...admit(placement.spec)] };
}

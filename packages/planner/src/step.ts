import type { Facet, FacetKey, FacetValue } from "./hub-state.ts";

/** One typed change of the kernel's state: an entry of a facet set to a value, or cleared. */
export type Step = { readonly [F in Facet]: SetStep<F> | ClearStep<F> }[Facet];

export interface SetStep<F extends Facet> {
  readonly kind: "set";
  readonly facet: F;
  readonly key: FacetKey<F>;
  readonly value: FacetValue<F>;
  /** What stood there, absent where nothing did. */
  readonly before?: FacetValue<F>;
}

export interface ClearStep<F extends Facet> {
  readonly kind: "clear";
  readonly facet: F;
  readonly key: FacetKey<F>;
  readonly before: FacetValue<F>;
}

/**
 * The order of sets, and backwards that of clears: make before break. A class exists before a map
 * points to it; a map is filled before a filter sends packets there; a filter goes first when a
 * guest goes. A NIC is up before devices on it are set up. A spine's filter outlives its queues, and so does all that stands around a NIC in a domain:
 * what waits in them must find its way.
 */
export const FACET_ORDER = [
  "vifLinks",
  "spines",
  "trunks",
  "spineFilters",
  "domainFilters",
  "trees",
  "slices",
  "nics",
  "bypasses",
  "trafficRules",
  "vifs",
  "stations",
  "addresses",
  "segments",
  "nicFilters",
  "vifFilters",
] as const satisfies readonly Facet[];

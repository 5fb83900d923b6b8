import type { HostSpec } from "../host-spec.ts";
import { formatPath, type Path } from "./spec-path.ts";

/** A part of the language that this version understands and does not execute. Same shape as the planner's Finding. */
export interface Unsupported {
  readonly code: "SPEC_UNSUPPORTED";
  readonly path: string;
  readonly message: string;
  readonly allowed: string;
}

interface Feature {
  /** "a NIC in a driver domain apart from the hub". */
  readonly what: string;
  /** What to write until then. */
  readonly instead: string;
  /** The places. */
  readonly uses: (spec: HostSpec) => readonly Path[];
}

const NOWHERE: readonly Path[] = [];
const at = (used: boolean, ...path: Path): readonly Path[] => (used ? [path] : NOWHERE);

const sliceWords = (spec: HostSpec, word: string): readonly Path[] =>
  spec.guests.flatMap(({ vifs }, i) =>
    vifs.flatMap(({ aggregate }, j) =>
      aggregate.slices.flatMap(({ path }, k) => {
        const vif: Path = vifs.length === 1 ? ["guests", i] : ["guests", i, "vifs", j];
        return at(path !== undefined, ...vif, "aggregate", "slices", k, word);
      }),
    ),
  );

/** One row per feature. Whoever builds one deletes its row. */
const NOT_YET: readonly Feature[] = [
  {
    what: "a slice past GONA's packet path",
    instead: "path: hub, or no path",
    uses: (spec) => sliceWords(spec, "path"),
  },
  {
    what: "a driver domain in a virtual machine",
    instead: "isolation: netns",
    uses: (spec) =>
      spec.domains.flatMap(({ isolation }, i) =>
        at(isolation === "vm" || isolation === "xen", "domains", i, "isolation"),
      ),
  },
  {
    what: "a NIC in a driver domain apart from the hub",
    instead: "domain: host, or no domain",
    uses: (spec) => {
      const apart = new Set(spec.domains.filter(({ isolation }) => isolation !== "host").map(({ name }) => name));
      return spec.nics.flatMap(({ domain }, i) => at(apart.has(domain), "nics", i, "domain"));
    },
  },
];

const notYet = ({ what, instead }: Feature, path: Path): Unsupported => ({
  code: "SPEC_UNSUPPORTED",
  path: formatPath(path),
  message: `${what}: not supported yet`,
  allowed: instead,
});

/** What of a good spec this version cannot execute yet; such a spec is refused, never half obeyed. */
export function unsupported(spec: HostSpec): readonly Unsupported[] {
  return NOT_YET.flatMap((feature) => feature.uses(spec).map((path) => notYet(feature, path)));
}

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

/** One row per feature. Whoever builds one deletes its row. */
const NOT_YET: readonly Feature[] = [
  {
    what: "a driver domain in a Xen guest",
    instead: "isolation: netns or vm",
    uses: (spec) => spec.domains.flatMap(({ isolation }, i) => at(isolation === "xen", "domains", i, "isolation")),
  },
  {
    what: "a card that is passed through to a virtual machine",
    instead: "an emulated device",
    uses: (spec) => spec.domains.flatMap(({ machine }, i) => at(machine?.device === "vfio", "domains", i, "device")),
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

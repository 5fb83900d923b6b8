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
  /** "ingress slices". */
  readonly what: string;
  /** What to write until then. */
  readonly instead: string;
  readonly uses: (spec: HostSpec) => readonly Path[];
}

/** Where aggregates stand: `guests[i].aggregate` or `guests[i].vifs[j].aggregate`. */
function aggregates(spec: HostSpec) {
  return spec.guests.flatMap((guest, i) =>
    guest.vifs.map((vif, j) => {
      const listed = vif.id !== (guest.name as string);
      return { aggregate: vif.aggregate, path: ["guests", i, ...(listed ? ["vifs", j] : []), "aggregate"] as Path };
    }),
  );
}

const perAggregate =
  (uses: (found: ReturnType<typeof aggregates>[number]) => readonly Path[]) =>
  (spec: HostSpec): readonly Path[] =>
    aggregates(spec).flatMap(uses);

/** One row per feature. Whoever builds one deletes its row. */
const NOT_YET: readonly Feature[] = [
  {
    what: "a driver domain with an isolation other than host",
    instead: "isolation: host",
    uses: (spec) =>
      spec.domains.flatMap((domain, i) => (domain.isolation === "host" ? [] : [["domains", i, "isolation"]])),
  },
  {
    what: "a NIC in a driver domain apart from the hub",
    instead: "domain: host, or no domain",
    uses: (spec) => {
      const apart = new Set(spec.domains.filter((domain) => domain.isolation !== "host").map((domain) => domain.name));
      return spec.nics.flatMap((nic, i) => (apart.has(nic.domain) ? [["nics", i, "domain"]] : []));
    },
  },
  {
    what: "ingress shaping",
    instead: "slices with egress alone",
    uses: perAggregate(({ aggregate, path }) =>
      aggregate.slices.flatMap((slice, k) => (slice.ingress === undefined ? [] : [[...path, "slices", k, "ingress"]])),
    ),
  },
  {
    what: "a limit over all NICs of an aggregate",
    instead: "a limit on each slice",
    uses: perAggregate(({ aggregate, path }) => (aggregate.limit === undefined ? [] : [[...path, "limit"]])),
  },
  {
    what: "want (slices chosen by the planner)",
    instead: "slices",
    uses: perAggregate(({ aggregate, path }) => (aggregate.want === undefined ? [] : [[...path, "want"]])),
  },
  {
    what: "traffic classes",
    instead: "an aggregate without classes",
    uses: perAggregate(({ aggregate, path }) => (aggregate.classes.length === 0 ? [] : [[...path, "classes"]])),
  },
  {
    what: "balance flowlet or stripe",
    instead: "balance: hash or active-backup",
    uses: perAggregate(({ aggregate, path }) =>
      aggregate.balance === "flowlet" || aggregate.balance === "stripe" ? [[...path, "balance"]] : [],
    ),
  },
  {
    what: "onNicLoss: keep-reserve",
    instead: "onNicLoss: degrade or stop",
    uses: perAggregate(({ aggregate, path }) =>
      aggregate.onNicLoss === "keep-reserve" ? [[...path, "onNicLoss"]] : [],
    ),
  },
];

/** What of a good spec this version cannot execute yet; such a spec is refused, never half obeyed. */
export function unsupported(spec: HostSpec): readonly Unsupported[] {
  return NOT_YET.flatMap(({ what, instead, uses }) =>
    uses(spec).map((path) => ({
      code: "SPEC_UNSUPPORTED" as const,
      path: formatPath(path),
      message: `${what}: not supported yet`,
      allowed: instead,
    })),
  );
}

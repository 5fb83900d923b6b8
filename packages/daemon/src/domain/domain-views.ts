import type { DomainView } from "@gona/api";
import { type DomainId, HOST_DOMAIN, type HostSpec } from "@gona/model";
import { isoTime } from "../clock.ts";
import type { DomainStanding } from "./domain-control.ts";

/** One domain as clients see it. */
export const domainView = ({
  spec,
  phase,
  restarts,
  pid,
  sinceMs,
  cause,
  spare,
  nics,
}: DomainStanding): DomainView => ({
  name: spec.name,
  isolation: spec.isolation,
  state: phase,
  restarts,
  pid: pid ?? null,
  since: isoTime(sinceMs),
  cause: cause ?? null,
  spare,
  nics: [...nics],
});

/**
 * The hub first, then the domains of the spec, then those that are on their way out. A NIC is listed where the placer
 * put it, or, before that, where the spec has it.
 */
export function domainViews(
  spec: HostSpec,
  standing: ReadonlyMap<DomainId, DomainStanding>,
  startedAtMs: number,
): DomainView[] {
  const elsewhere = new Set(Array.from(standing.values(), ({ nics }) => nics).flat());
  const namedIn = (domain: DomainId): string[] =>
    spec.nics.filter((nic) => nic.domain === domain && !elsewhere.has(nic.name)).map((nic) => nic.name);
  const hub = (name: DomainId): DomainView => ({
    name,
    isolation: "host",
    state: "up",
    restarts: 0,
    pid: process.pid,
    since: isoTime(startedAtMs),
    cause: null,
    spare: null,
    nics: namedIn(name),
  });
  const listed = spec.domains.filter(({ name }) => name !== HOST_DOMAIN);
  const known = listed.map(({ name, isolation }): DomainView => {
    if (isolation === "host") return hub(name);
    const one = standing.get(name);
    if (one !== undefined) return { ...domainView(one), nics: [...one.nics, ...namedIn(name)] };
    return { ...hub(name), isolation, state: "absent", pid: null, nics: namedIn(name) };
  });
  const names = new Set(listed.map(({ name }) => name));
  const leaving = [...standing.values()].filter((one) => !names.has(one.spec.name)).map(domainView);
  return [hub(HOST_DOMAIN), ...known, ...leaving];
}

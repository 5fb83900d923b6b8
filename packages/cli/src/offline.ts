import { type CheckResult, type PlanResult, whatIfView } from "@gona/api";
import { findingsError, type HostSpec } from "@gona/model";
import type { SpecFile } from "./commands/spec-file.ts";
import type { Planner } from "./entry-points.ts";

/** What a daemon's check would say, but for the links that exist. Throws SpecErrors where the spec does not fit. */
export function checkOffline({ parsed }: SpecFile, planner: Planner): CheckResult {
  const { spec, findings } = planner.fitSpec(parsed.spec);
  const error = findingsError(findings, parsed);
  if (error !== undefined) throw error;
  const vifs = spec.guests.flatMap((guest) => guest.vifs);
  return {
    nics: spec.nics.length,
    guests: spec.guests.length,
    slices: vifs.reduce((sum, vif) => sum + vif.aggregate.slices.length, 0),
    unknownLinks: [],
  };
}

/** The plan for an empty hub in which every link exists and every NIC is up. */
export function planOffline({ parsed }: SpecFile, planner: Planner): PlanResult {
  const answer = planner.whatIf(parsed.spec);
  const { spec, findings } = answer;
  const fits = findings.length === 0;
  const desired = fits
    ? planner.desiredState({ spec, inventory: everyLink(spec, planner), observed: planner.EMPTY_HUB })
    : undefined;
  const steps = desired === undefined ? [] : planner.plan(planner.EMPTY_HUB, desired.hub);
  const names = planner.vifNames(desired?.hub ?? planner.EMPTY_HUB);
  return {
    ...whatIfView(answer),
    findings: [...findings],
    steps: steps.map((step) => ({ ...plain(step), text: planner.describeStep(step, names) })),
    pending: [],
    revision: 0,
  };
}

const everyLink = (spec: HostSpec, planner: Planner) => ({
  links: new Set([
    ...spec.nics.map((nic) => nic.name as string),
    ...spec.guests.flatMap((guest) => guest.vifs.map((vif) => planner.vifDevice(vif))),
  ]),
  nicsUp: new Set(spec.nics.map((nic) => nic.name)),
});

/** Steps hold byte strings, which JSON does not: base64, as the API has them. */
function plain(step: ReturnType<Planner["plan"]>[number]): Omit<PlanResult["steps"][number], "text"> {
  return JSON.parse(
    JSON.stringify(step, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
    ),
  ) as Omit<PlanResult["steps"][number], "text">;
}

import { type CheckResult, type FindingView, type PlanResult, type StepView, whatIfView } from "@gona/api";
import type { HostSpec, SpecFinding } from "@gona/model";
import { describeStep, type Step, vifNames, whatIf } from "@gona/planner";
import type { Controller } from "./controller.ts";
import { pendingView } from "./pending-view.ts";
import { readSpec, requireGood, type SpecText } from "./spec-intake.ts";

/** What applying a spec now would do. Throws SpecErrors where it is wrong or not supported; not fitting is an answer. */
export function planSpec(controller: Controller, text: SpecText): PlanResult {
  const { target } = controller.reconciler;
  const intake = readSpec(text, { previous: target?.spec, vfsOf: (wanted) => controller.reconciler.vfsOf(wanted) });
  const revision = target?.revision ?? 0;
  if (intake.findings.some((finding) => finding.code === "SPEC_UNSUPPORTED")) requireGood(intake);
  const answer = { ...whatIfView(whatIf(intake.parsed.spec, target?.spec)), revision };
  if (intake.findings.length > 0) {
    return { ...answer, findings: intake.findings.map(findingView), steps: [], pending: [] };
  }
  const { steps, desired } = controller.reconciler.prepare(intake.spec);
  const names = vifNames(desired.hub, controller.hub.lastKnown);
  return {
    ...answer,
    findings: [],
    steps: steps.map((step) => stepView(step, describeStep(step, names))),
    pending: pendingView(desired.pending),
  };
}

/** Throws SpecErrors where a spec is wrong, not supported or does not fit. */
export function checkSpec(controller: Controller, text: SpecText): CheckResult {
  const { reconciler } = controller;
  const asked = { previous: reconciler.target?.spec, vfsOf: (wanted: HostSpec) => reconciler.vfsOf(wanted) };
  const spec = requireGood(readSpec(text, asked));
  const slices = spec.guests.flatMap((guest) => guest.vifs.flatMap((vif) => vif.aggregate.slices));
  const { desired } = controller.reconciler.prepare(spec);
  const unknownLinks = pendingView(desired.pending);
  return { nics: spec.nics.length, guests: spec.guests.length, slices: slices.length, unknownLinks };
}

const findingView = ({ code, path, message, ...detail }: SpecFinding): FindingView => ({
  code,
  path,
  message,
  ...detail,
});

function stepView(step: Step, text: string): StepView {
  return {
    kind: step.kind,
    facet: step.facet,
    key: step.key,
    ...(step.kind === "set" && { value: plain(step.value) }),
    ...(step.before !== undefined && { before: plain(step.before) }),
    text,
  };
}

/** Byte strings in base64, all else as it is. */
const plain = (value: object): object =>
  Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [
      name,
      member instanceof Uint8Array ? Buffer.from(member).toString("base64") : member,
    ]),
  );

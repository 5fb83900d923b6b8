import type { NicId } from "@gona/model";

/** See NicPhase: a suspect NIC is still used. */
export type PathVerdict = "alive" | "suspect" | "dead";

export interface Judgement {
  readonly verdict: PathVerdict;
  /** For people. */
  readonly cause: string;
}

/** What an examination found out about the NICs of a fabric. */
export interface PathEvidence {
  /** Those with carrier, in the spec's order. */
  readonly nics: readonly NicId[];
  /** Whether a probe from one NIC came in by the other during the examination. */
  readonly heard: (from: NicId, to: NicId) => boolean;
  /** Whether the same ever happened since both have their carrier: where it never did, nothing was lost. */
  readonly wasHeard: (from: NicId, to: NicId) => boolean;
  /** Peers were asked through it. */
  readonly asked: (nic: NicId) => boolean;
  /** A peer answered: it sends and receives. */
  readonly answered: (nic: NicId) => boolean;
  /** It heard a frame that is not ours: it receives. */
  readonly hears: (nic: NicId) => boolean;
  readonly before: ReadonlyMap<NicId, PathVerdict>;
  /** It went on for long enough to go by what is merely likely. */
  readonly patient: boolean;
}

export interface PathJudgement {
  readonly verdicts: ReadonlyMap<NicId, Judgement>;
  /** More evidence might settle it. */
  readonly open: boolean;
}

interface Group {
  readonly nics: readonly NicId[];
  readonly answered: boolean;
  readonly hears: boolean;
}

/**
 * Which paths are dead. NICs that hear each other are one group; where there are several, one is alive
 * for sure: the one that peers answer, else the largest, else the one that still hears others. The rest
 * is dead, unless there is evidence for it as well. Where nothing tells them apart, all stay in use, and
 * what was known before stands. Never are all dead.
 */
export function judgePaths(evidence: PathEvidence): PathJudgement {
  const { nics, before } = evidence;
  const groups = groupsOf(evidence);
  if (groups.length < 2) {
    const cause = nics.length < 2 ? "no other NIC to compare it with" : "its probes are answered";
    return { verdicts: new Map(nics.map((nic) => [nic, { verdict: "alive", cause }])), open: false };
  }
  const best = groups.toSorted(byEvidence)[0] as Group;
  const verdicts = new Map<NicId, Judgement>();
  const judge = (group: Group, verdict: PathVerdict, cause: string) => {
    for (const nic of group.nics) verdicts.set(nic, { verdict, cause });
  };
  const rest = groups.filter((group) => {
    const why = group === best ? undefined : whyDead(group, best, groups, evidence);
    if (why !== undefined) judge(group, "dead", why);
    return why === undefined;
  });
  const wasDead = ({ nics: members }: Group) => members.every((nic) => before.get(nic) === "dead");
  const neverPassed = !rest.some((one) => rest.some((other) => one !== other && everPassed(one, other, evidence)));
  let open = false;
  for (const group of rest) {
    const far = rest.filter((other) => other !== group);
    const farNames = far.flatMap((other) => other.nics).join(", ");
    if (far.length === 0) judge(group, "alive", whyAlive(group));
    else if (group.answered && far.some(({ answered }) => answered) && !neverPassed) {
      judge(group, "suspect", `peers answer by it, but no probe passes to ${farNames}`);
    } else if (group.answered) judge(group, "alive", "peers answer by it");
    else {
      open ||= !neverPassed || best.answered;
      if (wasDead(group) && !group.hears && !rest.every(wasDead)) judge(group, "dead", "still no probe passes");
      else if (neverPassed) judge(group, "alive", "no probe ever passed: a silent loss could not be seen");
      else if (far.every(wasDead) && !far.some(({ hears }) => hears)) judge(group, "alive", whyAlive(group));
      else judge(group, "suspect", `no probe passes to ${farNames}, and nothing tells which path is dead`);
    }
  }
  return { verdicts, open };
}

const whyAlive = (group: Group): string => {
  if (group.answered) return "peers answer by it";
  return group.nics.length > 1 ? "its probes are answered" : "the other paths are dead";
};

/** Answers first, for they prove both ways; then number, then that frames come in. */
const byEvidence = (a: Group, b: Group): number =>
  Number(b.answered) - Number(a.answered) || b.nics.length - a.nics.length || Number(b.hears) - Number(a.hears);

/** Undefined: it is not certain enough. */
function whyDead(group: Group, best: Group, groups: readonly Group[], evidence: PathEvidence): string | undefined {
  const lost = `no probe passes between ${group.nics.join(", ")} and ${best.nics.join(", ")}`;
  if (group.answered) return undefined;
  const sure = !halfHeard(group, best, evidence) && everPassed(group, best, evidence);
  if (best.answered) {
    if (!group.nics.every(evidence.asked) || !(sure || evidence.patient)) return undefined;
    return `${lost}; peers answer by ${best.nics.join(", ")} alone`;
  }
  if (group.hears || !everPassed(group, best, evidence)) return undefined;
  const others = groups.filter((other) => other !== best);
  if (others.every(({ nics }) => nics.length < best.nics.length) && (sure || evidence.patient)) return lost;
  const onlyBestHears = best.hears && !others.some(({ hears }) => hears);
  return onlyBestHears && evidence.patient
    ? `${lost}; ${best.nics.join(", ")} hears others, it hears nothing`
    : undefined;
}

const pairsOf = (a: Group, b: Group) => a.nics.flatMap((one) => b.nics.map((other) => [one, other] as const));
const halfHeard = (a: Group, b: Group, { heard }: PathEvidence): boolean =>
  pairsOf(a, b).some(([one, other]) => heard(one, other) || heard(other, one));
const everPassed = (a: Group, b: Group, { wasHeard }: PathEvidence): boolean =>
  pairsOf(a, b).some(([one, other]) => wasHeard(one, other) && wasHeard(other, one));

/** NICs that hear each other both ways, directly or by others between them. */
function groupsOf({ nics, heard, answered, hears }: PathEvidence): Group[] {
  const left = new Set(nics);
  const groups: Group[] = [];
  for (const first of nics) {
    if (!left.delete(first)) continue;
    const members = [first];
    for (const one of members) {
      for (const other of left) {
        if (heard(one, other) && heard(other, one) && left.delete(other)) members.push(other);
      }
    }
    groups.push({ nics: members, answered: members.some(answered), hears: members.some(hears) });
  }
  return groups;
}

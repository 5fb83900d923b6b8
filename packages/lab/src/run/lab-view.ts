import type { BitsPerSecond, NicId } from "@gona/model";
import type { Phase, Scenario, SliceName } from "../scenario/scenario.ts";
import type { Span } from "./span.ts";
import type { Verdict } from "./verdict.ts";

/** A running lab at one moment, as a display wants it. */
export interface LabView {
  readonly scenario: Scenario;
  readonly phase: Phase;
  /** Counts from 1. */
  readonly phaseNumber: number;
  readonly phaseCount: number;
  readonly elapsedMs: number;
  readonly nics: readonly NicView[];
  readonly slices: readonly SliceRow[];
  readonly probes: readonly ProbeRow[];
  readonly daemon: "running" | "killed";
  /** The last thing that happened, with when: `3.0 s  the cable of eth1 is cut`. */
  readonly news?: string;
}

export interface NicView {
  readonly nic: NicId;
  readonly fabric: string;
  readonly cable: "plugged" | "cut" | "gone" | "silent";
  readonly capacity: BitsPerSecond;
}

export interface SliceRow {
  readonly slice: SliceName;
  readonly reserve: BitsPerSecond;
  readonly limit: BitsPerSecond;
  /** At the far end, over the last second. */
  readonly delivered: BitsPerSecond;
  readonly cable: NicView["cable"];
}

export interface ProbeRow {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  /** Since the phase began. */
  readonly received: number;
  readonly lost: number;
  readonly longestGapMs: number;
}

/** A phase that is over. */
export interface PhaseResult {
  readonly phase: Phase;
  readonly fromMs: number;
  readonly toMs: number;
  readonly verdicts: readonly Verdict[];
  /** Part of the time in which some task of the machine waited for a CPU; absent where the kernel does not tell. */
  readonly cpuPressure?: number;
  /** When a CPU of the machine stood still, and what came of it. */
  readonly stalls: readonly Span[];
  /** What happened in it, with its time. */
  readonly happenings: readonly { readonly atMs: number; readonly text: string; readonly kind: string }[];
}

/** Where a run shows itself. */
export interface LabDisplay {
  begin(scenario: Scenario): void;
  /** A step of building or removing the lab. */
  step(text: string): void;
  update(view: LabView): void;
  phaseDone(result: PhaseResult): void;
  end(results: readonly PhaseResult[], words: readonly string[]): void;
}

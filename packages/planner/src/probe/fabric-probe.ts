import type { NicId } from "@gona/model";
import { type Judgement, judgePaths, type PathVerdict } from "./judge-paths.ts";

/** One probe, from a NIC of a fabric to another. */
export interface ProbeFrame {
  readonly from: NicId;
  readonly to: NicId;
  /** Of the turn that sent it, 1 and up. */
  readonly number: number;
}

export interface ProbeTiming {
  readonly intervalMs: number;
  /** Probes in a row, 1 and up. */
  readonly lost: number;
}

/** What happened since the turn before. */
export interface ProbeTurn {
  /** Monotonic. */
  readonly nowMs: number;
  /** NICs with a carrier, in the spec's order. */
  readonly present: readonly NicId[];
  /** All that came in until now: nothing may wait to be read. */
  readonly heard: readonly ProbeFrame[];
  /** Frames of the turn before that the kernel did not take. */
  readonly refused: readonly ProbeFrame[];
  readonly asked: ReadonlySet<NicId>;
  readonly answered: ReadonlySet<NicId>;
  /** How many frames that are not ours came in by a NIC, ever. Asked in examinations alone. */
  readonly foreign: (nic: NicId) => number;
}

export interface ProbeOrders {
  readonly send: readonly ProbeFrame[];
  /** Ask peers through these. */
  readonly ask: readonly NicId[];
  /** When the next turn is due. */
  readonly nextMs: number;
  /** Of the NICs of which another verdict holds now. */
  readonly verdicts: ReadonlyMap<NicId, Judgement>;
}

interface Path {
  /** Newest number that was sent and taken; 0: none. */
  sent: number;
  heard: number;
  /** As the last examination left it; undefined: not examined yet. */
  passes: boolean | undefined;
}

interface Examination {
  readonly sinceMs: number;
  readonly firstNumber: number;
  readonly foreign: ReadonlyMap<NicId, number>;
  readonly asked: Set<NicId>;
  readonly answered: Set<NicId>;
  /** Turns that count: those before which the machine did not stand still. */
  rounds: number;
}

/** Turns of an examination by one interval. */
const HURRY = 8;
const SHORTEST_PAUSE_MS = 1;
/** An examination that settles nothing goes on for so many intervals. */
const PATIENCE_INTERVALS = 4;
/** Peers are asked in so many turns of an examination. */
const ASKING_TURNS = 4;
/** While a path is dead all are examined again, ever more rarely. */
const FIRST_REVIEW_MS = 1000;
const LAST_REVIEW_MS = 8000;

/**
 * Probes the paths between the NICs of one fabric and judges which are dead. At rest each NIC sends to the
 * next and to the one before, once each interval. A probe that does not arrive, or arrives where none
 * did, begins an examination: all send to all eight times as often, and peers are asked through every NIC;
 * it ends with a verdict when as many probes were lost as it takes. Knows no clock: the caller takes turns.
 */
export class FabricProbe {
  readonly #timing: ProbeTiming;
  readonly #paths = new Map<string, Path>();
  readonly #verdicts = new Map<NicId, PathVerdict>();
  #present: readonly NicId[] = [];
  #number = 0;
  #lastMs: number | undefined;
  #examination: Examination | undefined;
  #reviewMs = Number.POSITIVE_INFINITY;
  #reviewPauseMs = FIRST_REVIEW_MS;

  constructor(timing: ProbeTiming) {
    this.#timing = timing;
  }

  turn(turn: ProbeTurn): ProbeOrders {
    const { nowMs } = turn;
    const { intervalMs } = this.#timing;
    // A process that slept misses nothing, for its sockets hear; a machine that stood still may just have begun to.
    const awake = this.#lastMs === undefined || nowMs - this.#lastMs <= this.#pauseMs + intervalMs;
    this.#lastMs = nowMs;
    const surprised = this.#hear(turn) || this.#follow(turn.present);
    const missed = this.#examination === undefined && this.#missed(turn.refused);
    let verdicts: ReadonlyMap<NicId, Judgement> = new Map();
    if (this.#examination !== undefined && !surprised) {
      verdicts = this.#examine(this.#examination, turn, awake);
    } else if (this.#present.length < 2) {
      verdicts = this.#conclude(judgePaths({ ...NO_EVIDENCE, nics: this.#present, before: this.#verdicts }).verdicts);
    } else if (surprised || missed || nowMs >= this.#reviewMs) {
      this.#examination = this.#begin(turn);
      verdicts = this.#conclude(this.#reprieve());
    }
    const examination = this.#examination;
    const send = this.#present.length < 2 ? [] : this.#frames(examination !== undefined);
    const asks = examination !== undefined && examination.rounds < ASKING_TURNS;
    const pauseMs = this.#present.length < 2 ? intervalMs : this.#pauseMs;
    return { send, ask: asks ? this.#present : [], nextMs: nowMs + pauseMs, verdicts };
  }

  /** Whether a probe from `from` last came in by `to`; undefined: not known yet. */
  passes(from: NicId, to: NicId): boolean | undefined {
    return this.#paths.get(keyOf(from, to))?.passes;
  }

  get #pauseMs(): number {
    const { intervalMs } = this.#timing;
    return this.#examination === undefined ? intervalMs : Math.max(SHORTEST_PAUSE_MS, intervalMs / HURRY);
  }

  /** True where a probe came by a path that was held to be dead. */
  #hear({ heard }: ProbeTurn): boolean {
    let surprised = false;
    for (const { from, to, number } of heard) {
      const path = this.#paths.get(keyOf(from, to));
      if (path === undefined || number > this.#number || number <= path.heard) continue;
      path.heard = number;
      surprised ||= this.#examination === undefined && path.passes === false;
    }
    return surprised;
  }

  /** True where NICs came or went: what is known of those that went is forgotten. */
  #follow(present: readonly NicId[]): boolean {
    if (present.length === this.#present.length && present.every((nic, at) => nic === this.#present[at])) return false;
    const came = present.some((nic) => !this.#present.includes(nic));
    this.#present = present;
    const pairs = new Set(pairsOf(present).map(([from, to]) => keyOf(from, to)));
    for (const key of this.#paths.keys()) if (!pairs.has(key)) this.#paths.delete(key);
    for (const key of pairs) if (!this.#paths.has(key)) this.#paths.set(key, { sent: 0, heard: 0, passes: undefined });
    for (const nic of this.#verdicts.keys()) if (!present.includes(nic)) this.#verdicts.delete(nic);
    this.#examination = undefined;
    return came || present.length > 1;
  }

  /** The NICs that lived have gone: those that are left are tried again, for there is no other way out. */
  #reprieve(): ReadonlyMap<NicId, Judgement> {
    if (!this.#present.every((nic) => this.#verdicts.get(nic) === "dead")) return new Map();
    const cause = "the NICs that lived are gone";
    return new Map(this.#present.map((nic) => [nic, { verdict: "suspect", cause }]));
  }

  /** Whether the newest probe on a path that passes did not come in. */
  #missed(refused: readonly ProbeFrame[]): boolean {
    const untaken = new Set(refused.map(({ from, to }) => keyOf(from, to)));
    for (const [key, { sent, heard, passes }] of this.#paths) {
      if (passes === true && sent === this.#number && heard < sent && !untaken.has(key)) return true;
    }
    return false;
  }

  #begin({ nowMs, foreign }: ProbeTurn): Examination {
    return {
      sinceMs: nowMs,
      firstNumber: this.#number + 1,
      foreign: new Map(this.#present.map((nic) => [nic, foreign(nic)])),
      asked: new Set(),
      answered: new Set(),
      rounds: 0,
    };
  }

  #examine(examination: Examination, turn: ProbeTurn, awake: boolean): ReadonlyMap<NicId, Judgement> {
    const { intervalMs, lost } = this.#timing;
    for (const nic of turn.asked) examination.asked.add(nic);
    for (const nic of turn.answered) examination.answered.add(nic);
    const { nowMs, foreign } = turn;
    const fullyHeard = [...this.#paths.values()].every(({ heard }) => heard >= examination.firstNumber);
    if (awake) examination.rounds++;
    if (!fullyHeard && examination.rounds < Math.max(1, lost - 1)) return new Map();
    const patient = nowMs - examination.sinceMs >= PATIENCE_INTERVALS * intervalMs;
    const heardSince = (from: NicId, to: NicId, number: number): boolean => {
      const path = this.#paths.get(keyOf(from, to));
      return path !== undefined && path.heard >= number;
    };
    const { verdicts, open } = judgePaths({
      nics: this.#present,
      heard: (from, to) => heardSince(from, to, examination.firstNumber),
      wasHeard: (from, to) => heardSince(from, to, 1),
      asked: (nic) => examination.asked.has(nic),
      answered: (nic) => examination.answered.has(nic),
      hears: (nic) => foreign(nic) > (examination.foreign.get(nic) ?? 0),
      before: this.#verdicts,
      patient,
    });
    if (open && !patient) return new Map();
    this.#end(examination, nowMs);
    return this.#conclude(verdicts);
  }

  #end(examination: Examination, nowMs: number): void {
    let [changed, allPass] = [false, true];
    for (const path of this.#paths.values()) {
      const passes = path.heard >= examination.firstNumber;
      changed ||= path.passes !== passes;
      allPass &&= passes;
      path.passes = passes;
    }
    this.#examination = undefined;
    const longest = Math.max(LAST_REVIEW_MS, this.#timing.intervalMs);
    this.#reviewPauseMs = changed ? FIRST_REVIEW_MS : Math.min(2 * this.#reviewPauseMs, longest);
    this.#reviewMs = allPass ? Number.POSITIVE_INFINITY : nowMs + this.#reviewPauseMs;
  }

  /** Takes verdicts over and gives those that are new. */
  #conclude(verdicts: ReadonlyMap<NicId, Judgement>): ReadonlyMap<NicId, Judgement> {
    const fresh = new Map([...verdicts].filter(([nic, { verdict }]) => this.#verdicts.get(nic) !== verdict));
    for (const [nic, { verdict }] of verdicts) this.#verdicts.set(nic, verdict);
    return fresh;
  }

  #frames(all: boolean): ProbeFrame[] {
    const number = ++this.#number;
    const count = this.#present.length;
    const pairs = pairsOf(this.#present).filter(([, , distance]) => all || distance === 1 || distance === count - 1);
    return pairs.map(([from, to]) => {
      const path = this.#paths.get(keyOf(from, to));
      if (path !== undefined) path.sent = number;
      return { from, to, number };
    });
  }
}

const NO_EVIDENCE = {
  heard: () => false,
  wasHeard: () => false,
  asked: () => false,
  answered: () => false,
  hears: () => false,
  patient: false,
};

const keyOf = (from: NicId, to: NicId): string => `${from} ${to}`;

/** Each NIC with each other, and how many places further round that one is. */
const pairsOf = (nics: readonly NicId[]): (readonly [NicId, NicId, number])[] =>
  nics.flatMap((from, at) =>
    nics.flatMap((to, place) => (place === at ? [] : [[from, to, (place - at + nics.length) % nics.length] as const])),
  );

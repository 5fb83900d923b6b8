import type { HostSpec, NicId } from "@gona/model";
import {
  type Inventory,
  initialNicState,
  type NicEvent,
  type NicFault,
  type NicPhase,
  type NicState,
  type NicTiming,
  nextDeadlineMs,
  nicTimings,
  nicTransition,
} from "@gona/planner";
import type { Clock } from "./clock.ts";
import type { LinkChange, LinkTable } from "./link-table.ts";
import { openGates } from "./open-gates.ts";

export interface NicChange {
  readonly nic: NicId;
  readonly to: NicPhase;
  readonly cause: string;
  /** It is dead, its gate was open and is to be shut at once. */
  readonly lost: boolean;
  /** NICs whose gates are open after the change. */
  readonly nicsUp: ReadonlySet<NicId>;
}

/** Something that holds a NIC down. */
export interface StandingFault {
  readonly fault: NicFault;
  /** Wall clock. */
  readonly sinceMs: number;
  readonly cause: string;
}

export interface NicStanding {
  readonly phase: NicPhase;
  /** Wall clock of the present phase. */
  readonly sinceMs: number;
  /** Of the present phase. */
  readonly cause: string;
  /** All that hold it down now, the oldest first. */
  readonly faults: readonly StandingFault[];
}

/** What the probe makes of a NIC: see NicPhase for `suspect`. */
export type ProbeVerdict = "alive" | "suspect" | "dead";

export interface NicMonitorOptions {
  readonly clock: Clock;
  readonly links: LinkTable;
  /** Whether the kernel holds an entry of ours for it: then it was in use, and a return must prove itself. */
  readonly wasInUse: (nic: NicId) => boolean;
  /** Why a NIC may carry nothing yet although it has carrier: its LACP bundle. Undefined: it may. */
  readonly objection?: (nic: NicId, spec: HostSpec) => string | undefined;
  /** NICs that were drained before the daemon started. */
  readonly drained?: Iterable<NicId>;
  readonly onChange: (change: NicChange) => void;
}

type Gates = Required<Pick<Inventory, "nicsUp" | "nicsHeld">>;

interface Watched {
  readonly state: NicState;
  readonly timing: NicTiming;
  /** Wall clock of the present phase. */
  readonly sinceMs: number;
  readonly cause: string;
  readonly faults: readonly StandingFault[];
}

/** Feeds each NIC's state machine (planner) with all that is learnt about it, and with the time. */
export class NicMonitor implements Disposable {
  readonly #options: NicMonitorOptions;
  #watched = new Map<NicId, Watched>();
  #spec: HostSpec | undefined;
  #timer: Disposable | undefined;

  /** Also of NICs that no spec names at the moment. */
  readonly #drained: Set<NicId>;

  constructor(options: NicMonitorOptions) {
    this.#options = options;
    this.#drained = new Set(options.drained);
  }

  /** Watches the NICs of this spec (none: of no spec); what is known of a NIC stays. */
  track(spec: HostSpec | undefined): void {
    this.#spec = spec;
    this.#watched = spec === undefined ? new Map() : this.#watchedOf(spec);
    this.#wakeUp();
  }

  /** The gates that are open, for any spec; a NIC that is not watched counts by its carrier. */
  gatesFor(spec: HostSpec): Gates {
    return openGates(statesOf(this.#watchedOf(spec)), spec);
  }

  standing(nic: NicId): NicStanding | undefined {
    const watched = this.#watched.get(nic);
    if (watched === undefined) return undefined;
    const { state, sinceMs, cause, faults } = watched;
    return { phase: state.phase, sinceMs, cause, faults };
  }

  /** Takes a NIC out of use, or gives it back; nothing where that is so already. */
  drain(nic: NicId, drained: boolean): void {
    if (drained) this.#drained.add(nic);
    else this.#drained.delete(nic);
    this.#feed(nic, { kind: drained ? "drain" : "undrain" }, drained ? "gona drain" : "gona undrain");
  }

  linkChanged(change: LinkChange): void {
    const nic = change.name as NicId;
    if (!this.#watched.has(nic)) return;
    const alive = this.#options.links.isAlive(change.name);
    if (change.kind === "replaced") this.#feed(nic, { kind: "dead" }, "the link was replaced");
    const cause = change.kind === "carrier" ? change.cause : `the link ${change.kind}`;
    this.#feed(nic, { kind: alive ? "alive" : "dead" }, cause);
  }

  /** What the probes say of the path behind it; nothing where that is known already. */
  probe(nic: NicId, verdict: ProbeVerdict, cause: string): void {
    this.#feed(nic, { kind: PROBE_EVENTS[verdict] }, cause);
  }

  /** Whether its port collects and distributes with its LACP partner. A NIC that was never bundled needs no hold. */
  bundle(nic: NicId, isBundled: boolean, cause: string): void {
    this.#feed(nic, { kind: isBundled ? "bundled" : "bundleLost" }, cause);
  }

  /** Whether it takes frames and sends none. */
  stall(nic: NicId, isStalled: boolean, cause: string): void {
    this.#feed(nic, { kind: isStalled ? "stalled" : "flowing" }, cause);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#watched.clear();
  }

  #watchedOf(spec: HostSpec): Map<NicId, Watched> {
    const watched = new Map<NicId, Watched>();
    for (const [nic, timing] of nicTimings(spec)) {
      watched.set(nic, { ...(this.#watched.get(nic) ?? this.#first(nic, timing, spec)), timing });
    }
    return watched;
  }

  #first(nic: NicId, timing: NicTiming, spec: HostSpec): Watched {
    const { clock, links, wasInUse, objection } = this.#options;
    const alive = links.isAlive(nic);
    const nowMs = clock.monotonicMs();
    const state = initialNicState(alive, nowMs, !wasInUse(nic));
    const drained = this.#drained.has(nic);
    const cause = alive ? "carrier at the start" : "no carrier at the start";
    const sinceMs = clock.nowMs();
    const faults = faultsAfter([], state, cause, sinceMs);
    if (drained) {
      return {
        state: nicTransition(state, { kind: "drain" }, nowMs, timing),
        timing,
        sinceMs,
        cause: "gona drain",
        faults,
      };
    }
    const unbundled = objection?.(nic, spec);
    if (unbundled === undefined) return { state, timing, sinceMs, cause, faults };
    const apart = nicTransition(state, { kind: "bundleLost" }, nowMs, timing);
    return {
      state: apart,
      timing,
      sinceMs,
      cause: alive ? unbundled : cause,
      faults: faultsAfter(faults, apart, unbundled, sinceMs),
    };
  }

  #feed(nic: NicId, event: NicEvent, cause: string): void {
    const { clock, onChange } = this.#options;
    const watched = this.#watched.get(nic);
    if (watched === undefined || this.#spec === undefined) return;
    const state = nicTransition(watched.state, event, clock.monotonicMs(), watched.timing);
    if (state === watched.state) return;
    const before = openGates(statesOf(this.#watched), this.#spec);
    const moved = state.phase !== watched.state.phase;
    const nowMs = clock.nowMs();
    const since = moved ? { sinceMs: nowMs, cause } : {};
    const faults = faultsAfter(watched.faults, state, cause, nowMs);
    this.#watched.set(nic, { ...watched, state, faults, ...since });
    const { nicsUp } = openGates(statesOf(this.#watched), this.#spec);
    this.#wakeUp();
    // A drained NIC still carries: its gate shuts in the order of a plan.
    const lost = state.phase === "down" && before.nicsUp.has(nic) && !nicsUp.has(nic);
    if (moved) onChange({ nic, to: state.phase, cause, lost, nicsUp });
  }

  /** One timer for the nearest deadline of all NICs. */
  #wakeUp(): void {
    const { clock } = this.#options;
    this.#timer?.[Symbol.dispose]();
    const deadlines = [...this.#watched.values()].flatMap(({ state, timing }) => nextDeadlineMs(state, timing) ?? []);
    if (deadlines.length === 0) return;
    this.#timer = clock.after(Math.max(0, Math.min(...deadlines) - clock.monotonicMs()), () => {
      for (const nic of this.#watched.keys()) this.#feed(nic, { kind: "tick" }, "it lived through its failback time");
      this.#wakeUp();
    });
  }
}

const PROBE_EVENTS = { alive: "probeAnswered", suspect: "probeDoubted", dead: "probeLost" } as const;

/** The faults that are left, and the new ones with their cause. */
const faultsAfter = (
  known: readonly StandingFault[],
  state: NicState,
  cause: string,
  sinceMs: number,
): readonly StandingFault[] =>
  state.faults.map((fault) => known.find((other) => other.fault === fault) ?? { fault, cause, sinceMs });

const statesOf = (watched: ReadonlyMap<NicId, Watched>): ReadonlyMap<NicId, NicState> =>
  new Map([...watched].map(([nic, { state }]) => [nic, state]));

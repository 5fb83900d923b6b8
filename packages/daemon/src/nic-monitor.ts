import type { HostSpec, NicId } from "@gona/model";
import {
  type Inventory,
  initialNicState,
  type NicEvent,
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

export interface NicStanding {
  readonly phase: NicPhase;
  readonly sinceMs: number;
  readonly cause: string;
}

export interface NicMonitorOptions {
  readonly clock: Clock;
  readonly links: LinkTable;
  /** Whether the kernel holds an entry of ours for it: then it was in use, and a return must prove itself. */
  readonly wasInUse: (nic: NicId) => boolean;
  /** NICs that were drained before the daemon started. */
  readonly drained?: Iterable<NicId>;
  readonly onChange: (change: NicChange) => void;
}

type Gates = Required<Pick<Inventory, "nicsUp" | "nicsHeld">>;

interface Watched {
  readonly state: NicState;
  readonly timing: NicTiming;
  /** Never alive as far as we know: the first carrier needs no hold. */
  readonly fresh: boolean;
  /** Wall clock of the present phase. */
  readonly sinceMs: number;
  readonly cause: string;
}

/** Feeds each NIC's state machine (planner) with link events and the time. */
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
    return watched && { phase: watched.state.phase, sinceMs: watched.sinceMs, cause: watched.cause };
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

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#watched.clear();
  }

  #watchedOf(spec: HostSpec): Map<NicId, Watched> {
    const { clock, links, wasInUse } = this.#options;
    const watched = new Map<NicId, Watched>();
    for (const [nic, timing] of nicTimings(spec)) {
      const known = this.#watched.get(nic);
      const alive = links.isAlive(nic);
      watched.set(nic, {
        state: known?.state ?? this.#firstState(nic, alive, timing),
        timing,
        fresh: known?.fresh ?? (!alive && !wasInUse(nic)),
        sinceMs: known?.sinceMs ?? clock.nowMs(),
        cause:
          known?.cause ??
          (this.#drained.has(nic) ? "gona drain" : alive ? "carrier at the start" : "no carrier at the start"),
      });
    }
    return watched;
  }

  #firstState(nic: NicId, alive: boolean, timing: NicTiming): NicState {
    const nowMs = this.#options.clock.monotonicMs();
    const state = initialNicState(alive, nowMs);
    return this.#drained.has(nic) ? nicTransition(state, { kind: "drain" }, nowMs, timing) : state;
  }

  #feed(nic: NicId, event: NicEvent, cause: string): void {
    const { clock, onChange } = this.#options;
    const watched = this.#watched.get(nic);
    if (watched === undefined || this.#spec === undefined) return;
    const nowMs = clock.monotonicMs();
    const state =
      watched.fresh && event.kind === "alive"
        ? this.#firstState(nic, true, watched.timing)
        : nicTransition(watched.state, event, nowMs, watched.timing);
    if (state === watched.state) return;
    const before = openGates(statesOf(this.#watched), this.#spec);
    const moved = state.phase !== watched.state.phase;
    const since = moved ? { sinceMs: clock.nowMs(), cause } : {};
    this.#watched.set(nic, { ...watched, state, fresh: watched.fresh && event.kind !== "alive", ...since });
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

const statesOf = (watched: ReadonlyMap<NicId, Watched>): ReadonlyMap<NicId, NicState> =>
  new Map([...watched].map(([nic, { state }]) => [nic, state]));

import type { HostSpec, Milliseconds, NicId } from "@gona/model";
import type { Inventory } from "./inventory.ts";

/**
 * How a NIC fares.
 *
 * up: carries what its buckets say. suspect: its path is in doubt, but so is every other, or the
 * evidence is not enough; still used. down: at least one fault holds it down; nothing leaves by it.
 * returning: lives again and must last for the failback hold; a way out only for guests that have
 * no other. draining: on the user's word; the same, for as long as the user says.
 */
export type NicPhase = "up" | "suspect" | "down" | "returning" | "draining";

/**
 * What can hold a NIC down. carrier: no life in the cable, or no link. bundle: its port is not
 * collecting and distributing with its LACP partner. probe: the path behind it is dead.
 * stall: it takes frames and sends none.
 */
export type NicFault = "carrier" | "bundle" | "probe" | "stall";

export interface NicState {
  readonly phase: NicPhase;
  /** When the phase began, on the caller's monotonic clock, in milliseconds. */
  readonly sinceMs: number;
  /** All that holds it down, in the order in which they came; none unless it is down. */
  readonly faults: readonly NicFault[];
  /** Never up as far as is known: its first coming to life needs no hold. */
  readonly fresh: boolean;
  /** It was in a bundle once; the first bundle needs no hold either, for LACP itself proves the path. */
  readonly wasBundled: boolean;
  /** The path is in doubt. */
  readonly doubted: boolean;
  /** Losses in a row without a quiet time between them; each doubles the next hold. */
  readonly flaps: number;
  /** The user wants it empty; outlives a loss. */
  readonly drained: boolean;
}

export type NicEvent =
  /** Carrier came or the link appeared with carrier. */
  | { readonly kind: "alive" }
  /** Carrier went or the link did. */
  | { readonly kind: "dead" }
  | { readonly kind: "bundled" }
  | { readonly kind: "bundleLost" }
  /** Probes are lost, and it may be this NIC or another: it is used, also where it was held to be dead before. */
  | { readonly kind: "probeDoubted" }
  /** The path behind it is dead. */
  | { readonly kind: "probeLost" }
  | { readonly kind: "probeAnswered" }
  | { readonly kind: "stalled" }
  | { readonly kind: "flowing" }
  | { readonly kind: "drain" }
  | { readonly kind: "undrain" }
  /** Time passed; ask nextDeadlineMs() when it matters. */
  | { readonly kind: "tick" };

/** The figures that transitions go by. */
export interface NicTiming {
  /** A returned NIC must last so long. */
  readonly failback: Milliseconds;
}

/** The hold doubles with each flap up to 32 times. */
const MAX_DOUBLINGS = 5;
/** So many holds without a loss and the flaps are forgotten. */
const QUIET_HOLDS = 10;

/** A NIC as first seen: what lives at the start of the world needs not prove itself, nor does what was never used. */
export const initialNicState = (alive: boolean, nowMs: number, fresh = false): NicState => ({
  phase: alive ? "up" : "down",
  sinceMs: nowMs,
  faults: alive ? [] : ["carrier"],
  fresh: fresh && !alive,
  wasBundled: false,
  doubted: false,
  flaps: 0,
  drained: false,
});

/** How long a NIC that lives again is held: the failback time, doubled with each flap before. */
export const holdMs = (state: NicState, timing: NicTiming): number =>
  timing.failback * 2 ** Math.min(Math.max(state.flaps - 1, 0), MAX_DOUBLINGS);

/** When a tick would change the state; undefined where only an event can. */
export function nextDeadlineMs(state: NicState, timing: NicTiming): number | undefined {
  return state.phase === "returning" ? state.sinceMs + holdMs(state, timing) : undefined;
}

/** The next state; the same reference where the event changes nothing. */
export function nicTransition(state: NicState, event: NicEvent, nowMs: number, timing: NicTiming): NicState {
  switch (event.kind) {
    case "dead":
      return fail(state, "carrier", nowMs, timing);
    case "alive":
      return mend(state, "carrier", nowMs, timing);
    case "bundleLost":
      return fail(state.wasBundled || state.fresh ? state : { ...state, fresh: true }, "bundle", nowMs, timing);
    case "bundled":
      return mend(state.wasBundled ? state : { ...state, wasBundled: true }, "bundle", nowMs, timing);
    case "probeLost":
      return fail(state, "probe", nowMs, timing);
    case "probeDoubted":
      return mend(state.doubted ? state : settle({ ...state, doubted: true }, nowMs), "probe", nowMs, timing);
    case "probeAnswered":
      return mend(state.doubted ? settle({ ...state, doubted: false }, nowMs) : state, "probe", nowMs, timing);
    case "stalled":
      return fail(state, "stall", nowMs, timing);
    case "flowing":
      return mend(state, "stall", nowMs, timing);
    case "drain":
      return state.drained ? state : settle({ ...state, drained: true }, nowMs);
    case "undrain":
      if (!state.drained) return state;
      return state.phase === "draining"
        ? settle({ ...state, phase: "up", sinceMs: nowMs, drained: false }, nowMs)
        : { ...state, drained: false };
    case "tick":
      return tick(state, nowMs, timing);
  }
}

function fail(state: NicState, fault: NicFault, nowMs: number, timing: NicTiming): NicState {
  if (state.faults.includes(fault)) return state;
  const faults = [...state.faults, fault];
  if (state.phase === "down") return { ...state, faults };
  const quiet = state.phase !== "returning" && nowMs - state.sinceMs >= QUIET_HOLDS * holdMs(state, timing);
  return { ...state, faults, phase: "down", sinceMs: nowMs, flaps: quiet ? 1 : state.flaps + 1 };
}

function mend(state: NicState, fault: NicFault, nowMs: number, timing: NicTiming): NicState {
  if (!state.faults.includes(fault)) return tick(state, nowMs, timing);
  const faults = state.faults.filter((other) => other !== fault);
  if (faults.length > 0) return { ...state, faults };
  if (state.drained) return { ...state, faults, phase: "draining", sinceMs: nowMs, fresh: false };
  if (state.fresh) return settle({ ...state, faults, phase: "up", sinceMs: nowMs, fresh: false, flaps: 0 }, nowMs);
  return tick({ ...state, faults, phase: "returning", sinceMs: nowMs }, nowMs, timing);
}

function tick(state: NicState, nowMs: number, timing: NicTiming): NicState {
  const deadline = nextDeadlineMs(state, timing);
  if (deadline === undefined || nowMs < deadline) return state;
  return settle({ ...state, phase: "up", sinceMs: nowMs }, nowMs);
}

/** Of a NIC that is used, the phase that its flags ask for. */
function settle(state: NicState, nowMs: number): NicState {
  if (state.phase === "down") return state;
  if (state.drained) return state.phase === "draining" ? state : { ...state, phase: "draining", sinceMs: nowMs };
  if (state.phase === "returning") return state;
  const phase = state.doubted ? "suspect" : "up";
  return state.phase === phase ? state : { ...state, phase, sinceMs: nowMs };
}

/** What the NICs' states mean for the desired state: which gates are open and which NICs are the last choice. */
export function gatesOf(states: ReadonlyMap<NicId, NicState>): Pick<Inventory, "nicsUp" | "nicsHeld"> {
  const nicsUp = new Set<NicId>();
  const nicsHeld = new Set<NicId>();
  for (const [nic, { phase }] of states) {
    if (phase !== "down") nicsUp.add(nic);
    if (phase === "returning" || phase === "draining") nicsHeld.add(nic);
  }
  return { nicsUp, nicsHeld };
}

/** The timing of each NIC of a spec. */
export const nicTimings = (spec: HostSpec): ReadonlyMap<NicId, NicTiming> =>
  new Map(spec.nics.map((nic) => [nic.name, { failback: nic.failback }]));

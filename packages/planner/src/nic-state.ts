import type { HostSpec, Milliseconds, NicId } from "@gona/model";
import type { Inventory } from "./inventory.ts";

/**
 * How a NIC fares.
 *
 * up: carries what its buckets say. suspect: has carrier, but a probe was lost; still used.
 * down: no carrier, no link, or too many probes lost; nothing leaves by it. returning: lives again
 * and must last for the failback hold; a way out only for guests that have no other. draining: on
 * the user's word; the same, for as long as the user says.
 */
export type NicPhase = "up" | "suspect" | "down" | "returning" | "draining";

export interface NicState {
  readonly phase: NicPhase;
  /** When the phase began, on the caller's monotonic clock, in milliseconds. */
  readonly sinceMs: number;
  /** A NIC that is down with carrier died of lost probes, and only an answer brings it back. */
  readonly carrier: boolean;
  /** Losses in a row without a quiet time between them; each doubles the next hold. */
  readonly flaps: number;
  /** Probes lost since the last that came back. */
  readonly probesLost: number;
  /** The user wants it empty; outlives a loss. */
  readonly drained: boolean;
}

export type NicEvent =
  /** Carrier came or the link appeared with carrier. */
  | { readonly kind: "alive" }
  /** Carrier went or the link did. */
  | { readonly kind: "dead" }
  | { readonly kind: "probeLost" }
  | { readonly kind: "probeAnswered" }
  | { readonly kind: "drain" }
  | { readonly kind: "undrain" }
  /** Time passed; ask nextDeadlineMs() when it matters. */
  | { readonly kind: "tick" };

/** The figures that transitions go by. */
export interface NicTiming {
  /** A returned carrier must last so long. */
  readonly failback: Milliseconds;
}

/** Probes in a row whose loss makes a suspect NIC dead. */
export const PROBES_TO_DEATH = 3;
/** The hold doubles with each flap up to 32 times. */
const MAX_DOUBLINGS = 5;
/** So many holds without a loss and the flaps are forgotten. */
const QUIET_HOLDS = 10;

/** A NIC as first seen: what lives at the start of the world needs not prove itself. */
export const initialNicState = (alive: boolean, nowMs: number): NicState => ({
  phase: alive ? "up" : "down",
  sinceMs: nowMs,
  carrier: alive,
  flaps: 0,
  probesLost: 0,
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
      return state.carrier ? { ...die(state, nowMs, timing), carrier: false } : state;
    case "alive":
      return state.carrier ? tick(state, nowMs, timing) : live({ ...state, carrier: true }, nowMs, timing);
    case "probeLost":
      return loseProbe(state, nowMs, timing);
    case "probeAnswered":
      if (state.phase === "down") return state.carrier ? live(state, nowMs, timing) : state;
      if (state.phase === "suspect") return { ...state, phase: "up", sinceMs: nowMs, probesLost: 0 };
      return state.probesLost === 0 ? state : { ...state, probesLost: 0 };
    case "drain":
      if (state.drained) return state;
      return state.phase === "down"
        ? { ...state, drained: true }
        : { ...state, phase: "draining", sinceMs: nowMs, drained: true };
    case "undrain":
      if (!state.drained) return state;
      return state.phase === "draining"
        ? { ...state, phase: "up", sinceMs: nowMs, drained: false }
        : { ...state, drained: false };
    case "tick":
      return tick(state, nowMs, timing);
  }
}

function die(state: NicState, nowMs: number, timing: NicTiming): NicState {
  if (state.phase === "down") return state;
  const quiet = state.phase !== "returning" && nowMs - state.sinceMs >= QUIET_HOLDS * holdMs(state, timing);
  return { ...state, phase: "down", sinceMs: nowMs, flaps: quiet ? 1 : state.flaps + 1, probesLost: 0 };
}

function live(state: NicState, nowMs: number, timing: NicTiming): NicState {
  if (state.drained) return { ...state, phase: "draining", sinceMs: nowMs };
  return tick({ ...state, phase: "returning", sinceMs: nowMs }, nowMs, timing);
}

function tick(state: NicState, nowMs: number, timing: NicTiming): NicState {
  const deadline = nextDeadlineMs(state, timing);
  return deadline === undefined || nowMs < deadline ? state : { ...state, phase: "up", sinceMs: nowMs };
}

function loseProbe(state: NicState, nowMs: number, timing: NicTiming): NicState {
  if (state.phase === "down") return state;
  const probesLost = state.probesLost + 1;
  if (probesLost >= PROBES_TO_DEATH) return die(state, nowMs, timing);
  if (state.phase === "up") return { ...state, phase: "suspect", sinceMs: nowMs, probesLost };
  return { ...state, probesLost };
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

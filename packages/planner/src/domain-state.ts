/**
 * How a driver domain fares, as its supervisor sees it.
 *
 * absent: not there, and nobody asks for it. starting: its first start is due or under way, or the one
 * after the operator cleared a failure. up: what runs it works. restarting: that was lost, or is to be
 * replaced; the next start is due, or under way. failed: lost too often; nothing is tried until the
 * operator says so. stopping: on the way to absent.
 */
export type DomainPhase = "absent" | "starting" | "up" | "restarting" | "failed" | "stopping";

export interface DomainState {
  readonly phase: DomainPhase;
  /** When the phase began, on the caller's monotonic clock, in milliseconds. */
  readonly sinceMs: number;
  /** Somebody asks for it; a domain that is asked for while it stops starts anew. */
  readonly wanted: boolean;
  /** When the next start is due; undefined where none is, or while one is under way. */
  readonly startAtMs?: number | undefined;
  /** Starts after the first, the operator's among them, as long as the supervisor remembers. */
  readonly restarts: number;
  /** When it was lost of late, oldest first; what is older than the window is forgotten. */
  readonly losses: readonly number[];
  /** Why it was lost last, or is restarted; undefined before the first loss. */
  readonly cause?: string | undefined;
}

export type DomainEvent =
  | { readonly kind: "want" }
  | { readonly kind: "unwant" }
  /** The supervisor has begun with the start that was due. */
  | { readonly kind: "begin" }
  /** It works: started, or found at work and taken over. */
  | { readonly kind: "up" }
  /** What ran it is gone, or a start came to nothing. */
  | { readonly kind: "lost"; readonly cause: string }
  /** Ended and cleared away. */
  | { readonly kind: "stopped" }
  /** By the operator; clears a failure. */
  | { readonly kind: "restart"; readonly cause: string };

/** So many restarts within the window, and the next loss is a failure. */
export const STORM_RESTARTS = 5;
export const STORM_WINDOW_MS = 60_000;
/** Before the second restart within the window; doubled with each further one. */
const FIRST_PAUSE_MS = 250;

export const initialDomainState = (nowMs: number): DomainState => ({
  phase: "absent",
  sinceMs: nowMs,
  wanted: false,
  restarts: 0,
  losses: [],
});

/** The next state; the same reference where the event changes nothing. */
export function domainTransition(state: DomainState, event: DomainEvent, nowMs: number): DomainState {
  switch (event.kind) {
    case "want":
      return want(state, nowMs);
    case "unwant":
      return unwant(state, nowMs);
    case "begin":
      return isStarting(state) && state.startAtMs !== undefined ? { ...state, startAtMs: undefined } : state;
    case "up":
      // Also where none was asked for: found at work by a supervisor that has no spec yet.
      return isStarting(state) || state.phase === "absent" ? enter(state, "up", nowMs) : state;
    case "lost":
      return lose(state, event.cause, nowMs);
    case "stopped":
      if (state.phase !== "stopping") return state;
      return state.wanted ? due(enter(state, "starting", nowMs), nowMs) : { ...initialDomainState(nowMs) };
    case "restart":
      return restart(state, event.cause, nowMs);
  }
}

/** How a failure is told, and how it is cleared. */
export const stormWords = (domain: string): string =>
  `${STORM_RESTARTS} restarts in ${STORM_WINDOW_MS / 1000} s; cleared by \`gona domain restart ${domain}\``;

const isStarting = ({ phase }: DomainState): boolean => phase === "starting" || phase === "restarting";

const enter = (state: DomainState, phase: DomainPhase, nowMs: number): DomainState => ({
  ...state,
  phase,
  sinceMs: nowMs,
  startAtMs: undefined,
});

const due = (state: DomainState, atMs: number): DomainState => ({ ...state, startAtMs: atMs });

function want(state: DomainState, nowMs: number): DomainState {
  if (state.phase === "absent") return due(enter({ ...state, wanted: true }, "starting", nowMs), nowMs);
  return state.wanted ? state : { ...state, wanted: true };
}

function unwant(state: DomainState, nowMs: number): DomainState {
  if (state.phase === "absent") return state;
  if (state.phase === "stopping") return state.wanted ? { ...state, wanted: false } : state;
  return enter({ ...state, wanted: false }, "stopping", nowMs);
}

/** The first restart within the window is at once; then it is waited longer each time, and in the end given up. */
function lose(state: DomainState, cause: string, nowMs: number): DomainState {
  if (state.phase !== "up" && !isStarting(state)) return state;
  const recent = state.losses.filter((atMs) => nowMs - atMs < STORM_WINDOW_MS);
  if (recent.length >= STORM_RESTARTS) return enter({ ...state, losses: recent, cause }, "failed", nowMs);
  const pauseMs = recent.length === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (recent.length - 1);
  const restarts = state.restarts + 1;
  const next = { ...state, losses: [...recent, nowMs], cause, restarts };
  // A first start that came to nothing stays a start.
  const phase = state.phase === "starting" ? "starting" : "restarting";
  return due(phase === state.phase ? next : enter(next, phase, nowMs), nowMs + pauseMs);
}

function restart(state: DomainState, cause: string, nowMs: number): DomainState {
  const cleared = { ...state, losses: [], cause };
  if (state.phase === "failed" || state.phase === "up") {
    return due(enter({ ...cleared, restarts: state.restarts + 1 }, "restarting", nowMs), nowMs);
  }
  // One that waits for its turn has it now; one that is under way goes on.
  if (isStarting(state) && state.startAtMs !== undefined) return due({ ...state, losses: [] }, nowMs);
  return state;
}

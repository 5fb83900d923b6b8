/** A flow that is done. */
export interface Completion {
  readonly bytes: number;
  /** From the call of connect() to the receiver's word that it has all of it. */
  readonly tookMs: number;
}

export interface CompletionTimes {
  readonly meanMs: number;
  /** Of flows up to 100 kB. */
  readonly miceMeanMs: number;
  readonly miceP99Ms: number;
  /** Mean over the flows of what it took by what it would take alone at `bitsPerSecond`. */
  readonly slowDown: number;
}

/** Up to this a flow is a mouse: the usual border of the literature. */
export const MOUSE_BYTES = 100_000;
/** Two round trips of the bed and the processes' turns: what the smallest flow takes on an idle host. */
const LEAST_MS = 0.5;

/** Throws RangeError without a flow. */
export function completionTimes(flows: readonly Completion[], bitsPerSecond: number): CompletionTimes {
  if (flows.length === 0) throw new RangeError("no flow was completed");
  const mice = flows.filter(({ bytes }) => bytes <= MOUSE_BYTES).map(({ tookMs }) => tookMs);
  const alone = (bytes: number): number => LEAST_MS + (bytes * 8e3) / bitsPerSecond;
  return {
    meanMs: mean(flows.map(({ tookMs }) => tookMs)),
    miceMeanMs: mice.length === 0 ? 0 : mean(mice),
    miceP99Ms: mice.toSorted((a, b) => a - b)[Math.ceil(mice.length * 0.99) - 1] ?? 0,
    slowDown: mean(flows.map(({ bytes, tookMs }) => tookMs / alone(bytes))),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

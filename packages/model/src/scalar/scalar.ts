/** What is wrong with one value of a spec: what is allowed there, and what was probably meant. */
export interface ScalarProblem {
  /** "a rate with a unit, as in 300Mbit". */
  readonly allowed: string;
  /** One clause for the brackets after the message: `did you mean "300Mbit"?`. */
  readonly hint?: string;
}

/** A value read from a spec, or why it could not be. Bad input is an expected outcome, so no exception. */
export type Scalar<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ScalarProblem };

export const good = <T>(value: T): Scalar<T> => ({ ok: true, value });

export const bad = <T = never>(allowed: string, hint?: string): Scalar<T> => ({
  ok: false,
  problem: hint === undefined ? { allowed } : { allowed, hint },
});

/** The hint that every reader of scalars gives. */
export const didYouMean = (word: string): string => `did you mean ${JSON.stringify(word)}?`;

/** Foreground colours that are legible on light and dark grounds. */
const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
export type Style = keyof typeof CODES;

/** Paints text, or leaves it as it is where colours are off. */
export type Painter = (text: string, style: Style | undefined) => string;

export const painter =
  (colour: boolean): Painter =>
  (text, style) =>
    colour && style !== undefined ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;

const STATES: Readonly<Record<string, Style>> = {
  active: "green",
  advice: "yellow",
  committed: "green",
  converged: "green",
  degraded: "yellow",
  down: "red",
  draining: "yellow",
  failed: "red",
  missing: "red",
  ok: "green",
  pending: "yellow",
  restarting: "yellow",
  retrying: "red",
  returning: "yellow",
  "rolled-back": "red",
  stopped: "red",
  suspect: "yellow",
  untried: "yellow",
  up: "green",
};

/** The colour of a state, the same in every table. */
export const styleOfState = (state: string): Style | undefined =>
  Object.hasOwn(STATES, state) ? STATES[state] : undefined;

import type { Clock } from "../../clock.ts";

export interface PulseOptions {
  readonly clock: Clock;
  /** Asks; the answer comes by `answered`. */
  readonly ping: () => void;
  /** Whether its process was stopped: then no answer is on its way. Asked when one is late. */
  readonly isStopped: () => boolean;
  /** It stopped answering. */
  readonly onSilent: () => void;
  /** It answers again. */
  readonly onHeard: () => void;
}

/** Between two beats. A lost machine is noticed after three. */
export const PULSE_MS = 5;
const FEWEST_MISSED = 3;
/** Of one whose process was stopped. */
const STOPPED_MISSED = 2;
/** However busy the machine is, no answer for so many beats is silence. */
const MOST_MISSED = 100;
/** So many answers in a row, each in time, and it lives again. */
const ANSWERS_TO_RETURN = 3;
/** Weight of the newest answer in what is usual, and how many deviations from it are still usual; as TCP's timer. */
const NEWEST = 1 / 8;
const DEVIATIONS = 4;
/** The latest answer of all is usual too, and forgotten by half in some 1,400 answers, seven seconds and more. */
const FORGET = 0.9995;
/** The latest, in beats, of a machine of which nothing is known yet: it has only just booted, or the daemon is new. */
const UNKNOWN_LATEST = 20;

/**
 * Asks a virtual machine two hundred times a second whether it lives. What is late is measured against what is usual:
 * an emulated machine on a busy host answers later, and is not to flap. Beats are counted, not time: a daemon that was busy itself has
 * read no answers, and blames nobody for it.
 */
export class Pulse implements Disposable {
  readonly #options: PulseOptions;
  #timer: Disposable | undefined;
  #waited = 0;
  #asked = false;
  #silent = false;
  #inTime = 0;
  #mean = 0;
  #deviation = 0;
  #latest = UNKNOWN_LATEST;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#later();
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** How long there has been no answer, by beats. */
  get silentMs(): number {
    return this.#waited * PULSE_MS;
  }

  answered(): void {
    if (!this.#asked) return;
    const inTime = this.#waited <= this.#limit();
    const error = this.#waited - this.#mean;
    this.#mean += NEWEST * error;
    this.#deviation += NEWEST * (Math.abs(error) - this.#deviation);
    this.#latest = Math.max(this.#waited, this.#latest * FORGET);
    this.#asked = false;
    this.#waited = 0;
    if (!this.#silent) return;
    this.#inTime = inTime ? this.#inTime + 1 : 0;
    if (this.#inTime < ANSWERS_TO_RETURN) return;
    this.#silent = false;
    this.#options.onHeard();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #isLate(): boolean {
    return this.#waited >= this.#limit() || (this.#waited >= STOPPED_MISSED && this.#options.isStopped());
  }

  #limit(): number {
    const usual = Math.ceil(Math.max(this.#mean + DEVIATIONS * this.#deviation, this.#latest)) + 1;
    return Math.min(Math.max(FEWEST_MISSED, usual), MOST_MISSED);
  }

  #later(): void {
    this.#timer = this.#options.clock.after(PULSE_MS, () => this.#beat());
  }

  #beat(): void {
    this.#later();
    if (!this.#asked) {
      this.#asked = true;
      this.#options.ping();
      return;
    }
    this.#waited++;
    if (this.#silent || !this.#isLate()) return;
    this.#silent = true;
    this.#inTime = 0;
    this.#options.onSilent();
  }
}

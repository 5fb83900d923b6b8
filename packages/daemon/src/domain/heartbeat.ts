import { type ProcessFacts, processFacts } from "@gona/kernel";
import type { Clock } from "../clock.ts";
import { judgeSilence } from "./silence.ts";

export interface HeartbeatOptions {
  readonly pid: number;
  readonly clock: Clock;
  /** Settles with the answer; a rejection counts as none. */
  readonly ping: () => Promise<void>;
  /** It hangs. Told once; the heart is not listened to any more. */
  readonly onLost: (cause: string) => void;
  /** Of a process; a test's own. */
  readonly facts?: (pid: number) => ProcessFacts | undefined;
}

export const BEAT_MS = 250;
export const BEATS_MISSED = 3;
/** An agent that does not get its turn, or that the kernel holds, is given up in the end. */
export const LONGEST_WAIT_MS = 30_000;

/**
 * Asks an agent four times a second whether it is there. It counts its own turns, not the time: a daemon that was busy
 * itself has read no answers, and blames nobody for it.
 */
export class Heartbeat implements Disposable {
  readonly #options: HeartbeatOptions;
  readonly #facts: (pid: number) => ProcessFacts | undefined;
  #timer: Disposable | undefined;
  #missed = 0;
  #asked = false;
  #heard: ProcessFacts | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#facts = options.facts ?? processFacts;
    this.#heard = this.#facts(options.pid);
    this.#ask();
    this.#later();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #later(): void {
    this.#timer = this.#options.clock.after(BEAT_MS, () => this.#beat());
  }

  #beat(): void {
    if (!this.#asked) this.#ask();
    else if (this.#isHung()) {
      this[Symbol.dispose]();
      this.#options.onLost(`no answer for ${this.#missed * BEAT_MS} ms`);
      return;
    }
    this.#later();
  }

  #isHung(): boolean {
    this.#missed++;
    if (this.#missed < BEATS_MISSED) return false;
    if (this.#missed * BEAT_MS >= LONGEST_WAIT_MS) return true;
    // Of one that is gone, its end is told by itself, with the reason.
    return judgeSilence(this.#heard, this.#facts(this.#options.pid)) === "hung";
  }

  #ask(): void {
    this.#asked = true;
    const answered = (): void => {
      this.#asked = false;
      this.#missed = 0;
      this.#heard = this.#facts(this.#options.pid);
    };
    this.#options.ping().then(answered, () => undefined);
  }
}

import { GonaError } from "@gona/model";
import type { LabBed } from "../../bed/lab-bed.ts";
import type { LabProcess } from "../../bed/lab-process.ts";

/** Echo requests a second of each stream. */
export const ECHOES_PER_SECOND = 50;

/** What a stream lost of the requests between two marks. */
export interface EchoCost {
  readonly lost: number;
  /** The longest run of lost ones, as time. */
  readonly gapMs: number;
}

/** A `ping` that goes on: one flow each way, light enough for an emulated machine, where a prober in Node is not. */
export class EchoStream implements AsyncDisposable {
  readonly #process: LabProcess;
  readonly #answered = new Set<number>();
  #last = -1;

  constructor(bed: LabBed, name: string, netns: string, address: string) {
    this.#process = bed.spawn({
      name,
      netns,
      command: "busybox",
      args: ["ping", "-i", String(1 / ECHOES_PER_SECOND), address],
      onLine: (line) => {
        const number = /\bseq=(\d+)/.exec(line)?.[1];
        if (number === undefined) return;
        this.#answered.add(Number(number));
        this.#last = Math.max(this.#last, Number(number));
      },
    });
  }

  /** Number of the latest request that was answered; -1: none yet. Throws SCENARIO_FAILED when the ping has ended. */
  get mark(): number {
    if (this.#process.running) return this.#last;
    throw new GonaError("SCENARIO_FAILED", `${this.#process.name} ended by itself: ${this.#process.logTail(6)}`);
  }

  /** After one mark, up to another. */
  costBetween(from: number, to: number): EchoCost {
    let [lost, run, longest] = [0, 0, 0];
    for (let number = from + 1; number <= to; number++) {
      run = this.#answered.has(number) ? 0 : run + 1;
      if (run > 0) lost++;
      longest = Math.max(longest, run);
    }
    return { lost, gapMs: (longest * 1000) / ECHOES_PER_SECOND };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop("SIGTERM");
  }
}

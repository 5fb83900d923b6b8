import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";

export interface GuestAnswer {
  readonly code: number;
  /** Standard output and error together. */
  readonly output: string;
}

/**
 * The host's end of the line protocol of guest-init.sh, over any stream. Answers may come in another order than the
 * scripts went out.
 */
export class GuestControl {
  readonly #stream: Duplex;
  readonly #waiting = new Map<string, PromiseWithResolvers<GuestAnswer>>();
  #lost: Error | undefined;
  #next = 0;

  constructor(stream: Duplex) {
    this.#stream = stream;
    createInterface({ input: stream, crlfDelay: Infinity }).on("line", (line) => this.#take(line));
    stream.on("error", (cause) => this.fail(new Error("the control port broke", { cause })));
  }

  /** Settles when the guest is up and obeys. */
  ready(): Promise<GuestAnswer> {
    return this.#expect("ready");
  }

  /** Sends a shell script; settles with its end. Rejects when the guest is lost before that. */
  send(script: string): Promise<GuestAnswer> {
    const id = `s${this.#next++}`;
    const answer = this.#expect(id);
    if (this.#lost === undefined) this.#stream.write(`${id} ${Buffer.from(script).toString("base64")}\n`);
    return answer;
  }

  /** Rejects all that is waited for, now and later. */
  fail(error: Error): void {
    this.#lost ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost);
    this.#waiting.clear();
  }

  #expect(id: string): Promise<GuestAnswer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const waiting = Promise.withResolvers<GuestAnswer>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  #take(line: string): void {
    const [id = "", code = "", output = ""] = line.split(" ");
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || !/^\d+$/.test(code)) {
      this.fail(new Error(`the guest said ${JSON.stringify(line)}`));
      return;
    }
    this.#waiting.delete(id);
    waiting.resolve({ code: Number(code), output: Buffer.from(output, "base64").toString() });
  }
}

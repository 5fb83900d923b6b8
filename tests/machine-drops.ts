import { readFileSync } from "node:fs";

const EVERY_MS = 50;

/**
 * Packets that the machine as a whole threw away because a CPU's backlog (net.core.netdev_max_backlog)
 * ran over: it is shared by all network namespaces, so traffic of others on a busy machine costs ours.
 */
export class MachineDrops implements Disposable {
  readonly #seen: { readonly atMs: number; readonly dropped: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#look();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** Whether any were thrown away in this time, milliseconds since 1970, or near it. */
  within(fromMs: number, toMs: number): boolean {
    const before = this.#seen.findLast(({ atMs }) => atMs <= fromMs - EVERY_MS) ?? this.#seen[0];
    const after = this.#seen.find(({ atMs }) => atMs >= toMs + EVERY_MS) ?? this.#seen.at(-1);
    return before?.dropped !== after?.dropped;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** The second column of each CPU's line, hexadecimal. */
  #look(): void {
    const lines = readFileSync("/proc/net/softnet_stat", "utf8").trim().split("\n");
    const dropped = lines.reduce((sum, line) => sum + Number.parseInt(line.split(/\s+/)[1] ?? "0", 16), 0);
    if (this.#seen.length > 1 && this.#seen.at(-1)?.dropped === dropped && this.#seen.at(-2)?.dropped === dropped) {
      this.#seen.pop();
    }
    this.#seen.push({ atMs: Date.now(), dropped });
  }
}

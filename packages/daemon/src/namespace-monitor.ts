import type { NamespaceSource } from "@gona/kernel";
import type { Clock } from "./clock.ts";

export interface NamespaceMonitorOptions {
  readonly source: NamespaceSource;
  readonly clock: Clock;
  readonly onChange: () => void;
}

/** A name that never becomes a namespace is a file that somebody left there. */
const LOOK_AGAIN_MS = 100;
const LOOKS = 20;

/** Knows the names of the machine's network namespaces, and tells when they change. */
export class NamespaceMonitor implements Disposable {
  readonly #options: NamespaceMonitorOptions;
  #names: ReadonlySet<string> = new Set();
  #watch: Disposable | undefined;
  #timer: Disposable | undefined;

  constructor(options: NamespaceMonitorOptions) {
    this.#options = options;
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** Watches first and lists then, so that nothing falls between. */
  start(): void {
    this.#watch = this.#options.source.watch(() => this.#look(LOOKS));
    this.#names = new Set(this.#options.source.names().ready);
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  /** The name comes first, the namespace is mounted there a moment later and nothing tells of it. */
  #look(left: number): void {
    const { source, clock, onChange } = this.#options;
    this.#timer?.[Symbol.dispose]();
    const { ready, unready } = source.names();
    const names = new Set(ready);
    const changed = names.size !== this.#names.size || ready.some((name) => !this.#names.has(name));
    this.#names = names;
    if (unready.length > 0 && left > 0) this.#timer = clock.after(LOOK_AGAIN_MS, () => this.#look(left - 1));
    if (changed) onChange();
  }
}

import { type TapOutcome, type Taps, UNLIMITED_SEND_BUFFER } from "@gona/kernel";
import { tapSendBuffers } from "@gona/planner";
import type { Clock } from "./clock.ts";
import type { EventLog } from "./event-log.ts";
import type { Hub } from "./hub.ts";
import type { LinkTable } from "./link-table.ts";
import type { Logger } from "./logger.ts";

export interface TapBackPressureOptions {
  /** Absent: no back-pressure, as in tests without a kernel. */
  readonly taps: Taps | undefined;
  readonly links: Pick<LinkTable, "isTap" | "isAlive">;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
}

/** Links come and go in crowds. */
const GATHER_MS = 20;
/** QEMU opens its tap, which is what tells us, and sets the send buffer itself a moment later. */
const AFTER_THE_VMM_MS = 1000;
const NAMES_TOLD = 3;

/**
 * Loss-free back-pressure into VMs: each tap's send buffer is made such that its hypervisor waits
 * when the queues of the vif are full, where it would else write on and have the packets dropped.
 * Beside the plan, because only a living hypervisor's tap has such a buffer; it is set again whenever a tap
 * comes, gets its carrier (somebody opened it) or the hub has converged, and never holds those up.
 */
export class TapBackPressure implements Disposable {
  readonly #options: TapBackPressureOptions;
  /** What was last tried, by tap; tried again when it is to be another, or in doubt. */
  readonly #tried = new Map<string, number>();
  /** Those that are limited: they go back to no limit when the vif leaves. */
  readonly #limited = new Set<string>();
  /** What was told of a tap last, so that it is told once. */
  readonly #told = new Map<string, string>();
  /** Taps whose hypervisor may be another by now, or may have set the buffer itself. */
  #doubted = new Set<string>();
  #doubtedLater = new Set<string>();
  #due: Disposable | undefined;
  #again: Disposable | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: TapBackPressureOptions) {
    this.#options = options;
  }

  /** An earlier daemon may have limited the taps that the hub has now. */
  adopt(): void {
    for (const [tap] of this.#wanted()) this.#limited.add(tap);
  }

  /** The hub may ask for other limits: in a moment. */
  soon(): void {
    if (this.#options.taps === undefined) return;
    this.#due ??= this.#options.clock.after(GATHER_MS, () => {
      this.#due = undefined;
      void this.settle();
    });
  }

  /** A link came or got its carrier: in a moment, and once more when its hypervisor is done with its own settings. */
  linkChanged(name: string): void {
    if (this.#options.taps === undefined || !this.#options.links.isTap(name)) return;
    this.#doubted.add(name);
    this.#doubtedLater.add(name);
    this.soon();
    this.#again?.[Symbol.dispose]();
    this.#again = this.#options.clock.after(AFTER_THE_VMM_MS, () => {
      for (const tap of this.#doubtedLater) this.#doubted.add(tap);
      this.#doubtedLater = new Set();
      void this.settle();
    });
  }

  /** Looks at every tap again: a hypervisor's restart may have gone unnoticed. */
  look(): void {
    for (const tap of this.#tried.keys()) this.#doubted.add(tap);
    this.soon();
  }

  /** Sets what is not set yet; one run after the other. Never throws. */
  settle(): Promise<void> {
    this.#running = this.#running.then(() => this.#run());
    return this.#running;
  }

  [Symbol.dispose](): void {
    this.#due?.[Symbol.dispose]();
    this.#again?.[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    const { taps, links, log } = this.#options;
    if (taps === undefined) return;
    const wanted = this.#wanted();
    const doubted = this.#doubted;
    this.#doubted = new Set();
    for (const tap of this.#tried.keys()) if (!wanted.has(tap)) this.#tried.delete(tap);
    const left = [...this.#limited].filter((tap) => !wanted.has(tap));
    const todo = [...wanted].filter(([tap, bytes]) => doubted.has(tap) || this.#tried.get(tap) !== bytes);
    // A tap without carrier is one that nobody has open.
    const alive = new Map(todo.filter(([tap]) => links.isAlive(tap)));
    for (const tap of left) {
      this.#limited.delete(tap);
      this.#told.delete(tap);
      if (links.isTap(tap) && links.isAlive(tap)) alive.set(tap, UNLIMITED_SEND_BUFFER);
    }
    try {
      const outcomes = alive.size === 0 ? new Map<string, TapOutcome>() : await taps.limit(alive);
      const told = new Map<string, TapOutcome>();
      for (const [tap, sendBufferBytes] of todo) {
        const outcome = outcomes.get(tap) ?? { kind: "unheld", hidden: false };
        this.#tried.set(tap, sendBufferBytes);
        told.set(tap, outcome);
        if (outcome.kind === "limited") this.#limited.add(tap);
        if (outcome.kind === "limited" && outcome.changed) log.debug({ tap, sendBufferBytes }, "back-pressure set");
      }
      this.#tell(told);
    } catch (err) {
      log.warn({ err }, "back-pressure of taps could not be set; it is tried again with the next change");
    }
  }

  /** By tap: those of the vifs that are there. */
  #wanted(): ReadonlyMap<string, number> {
    const { hub, links } = this.#options;
    const { lastKnown } = hub;
    const wanted = new Map<string, number>();
    for (const [id, sendBufferBytes] of tapSendBuffers(lastKnown)) {
      const tap = lastKnown.vifs.get(id)?.device;
      if (tap !== undefined && links.isTap(tap)) wanted.set(tap, sendBufferBytes);
    }
    return wanted;
  }

  /** One event for all taps of which there is the same to say, and that it was not said of before. */
  #tell(outcomes: ReadonlyMap<string, TapOutcome>): void {
    const byNote = new Map<string, string[]>();
    for (const [tap, outcome] of outcomes) {
      const note = noteOf(outcome);
      if (this.#told.get(tap) === note) continue;
      this.#told.set(tap, note);
      if (note !== "") byNote.set(note, [...(byNote.get(note) ?? []), tap]);
    }
    for (const [note, taps] of byNote) {
      const more = taps.length > NAMES_TOLD ? ` and ${taps.length - NAMES_TOLD} more` : "";
      const named = `${taps.slice(0, NAMES_TOLD).join(", ")}${more}`;
      const [only] = taps;
      const subject = taps.length === 1 && only !== undefined ? { subject: this.#vifOf(only) ?? only } : {};
      this.#options.events.record({
        kind: "back-pressure",
        ...subject,
        message: `no back-pressure on ${taps.length === 1 ? "tap" : "taps"} ${named} yet: what is too much is dropped`,
        cause: note,
      });
    }
  }

  #vifOf(device: string): string | undefined {
    for (const [id, vif] of this.#options.hub.lastKnown.vifs) if (vif.device === device) return id;
    return undefined;
  }
}

/** Empty: all is well. */
function noteOf(outcome: TapOutcome): string {
  if (outcome.kind === "limited") return "";
  if (outcome.kind === "blocking") return "whoever has it open writes to it without O_NONBLOCK and would never wake up";
  if (outcome.kind === "refused") return `${outcome.reason}; it takes root and CAP_SYS_PTRACE`;
  return outcome.hidden
    ? "no process that GONA may look into has it open; it takes root and CAP_SYS_PTRACE to look into all"
    : "no process has it open";
}

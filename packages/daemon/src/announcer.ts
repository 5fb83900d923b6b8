import { KernelError } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { Announcement } from "./announcements.ts";
import type { Clock } from "./clock.ts";

/**
 * Frames per batch and the pause between: 1,000 guests within 10 ms, in bursts of 16 kB (0.2 ms at 1 Gbit/s) that
 * the buffer of any switch port holds.
 */
const BATCH = 256;
const PAUSE_MS = 2;
/** A lost announcement costs inbound traffic until the guest next sends; so each is said twice. */
const REPEAT_AFTER_MS = 200;
/** What a driver says whose queue is full at the moment. */
const QUEUE_IS_FULL: ReadonlySet<string> = new Set(["ENOBUFS", "EAGAIN"]);

export interface AnnouncerOptions {
  readonly clock: Clock;
  readonly send: (nic: NicId, frame: Uint8Array) => void;
  /** A frame could not be sent (its NIC went too, or its queue stayed full); the others go on. */
  readonly onError: (announcement: Announcement, error: unknown) => void;
}

interface Waiting {
  readonly announcement: Announcement;
  readonly dueMs: number;
  /** Until then a full queue is tried again. */
  readonly untilMs: number;
  /** Before its first time; the repetition has none. */
  readonly saidOnce?: () => void;
}

/** Sends announcements in paced batches, the first at once; a newer one for the same MAC replaces the older. */
export class Announcer implements Disposable {
  readonly #options: AnnouncerOptions;
  readonly #waiting = new Map<string, Waiting>();
  #timer: Disposable | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Resolves when each was said once (or was replaced by a newer one). */
  announce(announcements: readonly Announcement[]): Promise<void> {
    if (announcements.length === 0) return Promise.resolve();
    const nowMs = this.#options.clock.monotonicMs();
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = announcements.length;
    const saidOnce = () => {
      if (--left === 0) resolve();
    };
    this.#forget(announcements);
    for (const announcement of announcements) {
      const { vlan, mac, address = "" } = announcement;
      const key = `${vlan} ${mac} ${address}`;
      this.#waiting.get(key)?.saidOnce?.();
      this.#waiting.delete(key);
      this.#waiting.set(key, { announcement, dueMs: nowMs, untilMs: nowMs + REPEAT_AFTER_MS, saidOnce });
    }
    this.#sendBatch();
    return promise;
  }

  /** What was to be said once more and is no longer so: a MAC behind another NIC, an address under another MAC. */
  #forget(announcements: readonly Announcement[]): void {
    const nics = new Map(announcements.map(({ vlan, mac, nic }) => [`${vlan} ${mac}`, nic]));
    const macs = new Map(
      announcements.flatMap(({ vlan, mac, address }) =>
        address === undefined ? [] : [[`${vlan} ${address}`, mac] as const],
      ),
    );
    for (const [key, { announcement, saidOnce }] of this.#waiting) {
      const { vlan, mac, nic, address } = announcement;
      const sameNic = (nics.get(`${vlan} ${mac}`) ?? nic) === nic;
      if (sameNic && (address === undefined || (macs.get(`${vlan} ${address}`) ?? mac) === mac)) continue;
      this.#waiting.delete(key);
      saidOnce?.();
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const { saidOnce } of this.#waiting.values()) saidOnce?.();
    this.#waiting.clear();
  }

  #sendBatch(): void {
    this.#timer?.[Symbol.dispose]();
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const due = [...this.#waiting].filter(([, { dueMs }]) => dueMs <= nowMs).slice(0, BATCH);
    for (const [key, waiting] of due) {
      const { announcement, saidOnce } = waiting;
      if (!this.#send(waiting, nowMs)) {
        this.#waiting.set(key, { ...waiting, dueMs: nowMs + PAUSE_MS });
        continue;
      }
      const againMs = nowMs + REPEAT_AFTER_MS;
      if (saidOnce === undefined) this.#waiting.delete(key);
      else this.#waiting.set(key, { announcement, dueMs: againMs, untilMs: againMs + REPEAT_AFTER_MS });
      saidOnce?.();
    }
    if (this.#waiting.size === 0) return;
    const nextMs = Math.min(...[...this.#waiting.values()].map(({ dueMs }) => dueMs));
    this.#timer = clock.after(Math.max(PAUSE_MS, nextMs - nowMs), () => this.#sendBatch());
  }

  /** False: the NIC's queue is full, to be tried again. */
  #send({ announcement, untilMs }: Waiting, nowMs: number): boolean {
    try {
      this.#options.send(announcement.nic, announcement.frame);
    } catch (error) {
      if (error instanceof KernelError && QUEUE_IS_FULL.has(error.errno) && nowMs < untilMs) return false;
      this.#options.onError(announcement, error);
    }
    return true;
  }
}

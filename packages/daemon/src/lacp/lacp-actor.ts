import type { NicId } from "@gona/model";
import {
  actorOf,
  decodeLacpdu,
  type LacpBundle,
  type Lacpdu,
  type LacpEvent,
  type LacpPort,
  lacpMemory,
  lacpStep,
  NO_PARTY,
  nextLacpDeadlineMs,
} from "@gona/planner";
import type { Clock } from "../clock.ts";
import { LACP_FILTER, lacpFrame, markerAnswer, slowPayload } from "./lacp-frame.ts";

/** Where frames come in. */
export interface FrameSource {
  /** Throws KernelError. */
  listen(
    link: string,
    filter: { readonly etherType: number; readonly group: readonly number[] },
    onFrame: (frame: Uint8Array) => void,
  ): Disposable;
}

export interface LacpActorOptions {
  readonly bundle: LacpBundle;
  readonly frames: FrameSource;
  readonly send: (nic: NicId, frame: Uint8Array) => void;
  /** A port's state is another now; called after every event that changed it. */
  readonly onChange: (before: LacpPort | undefined, now: LacpPort) => void;
  /** A frame did not leave. */
  readonly onError: (nic: NicId, error: unknown) => void;
  readonly clock: Clock;
}

interface Ear {
  readonly mac: string;
  readonly listener: Disposable;
}

/** LACP on the NICs of one fabric: the planner's actor with sockets and a timer. */
export class LacpActor implements Disposable {
  readonly #options: LacpActorOptions;
  #bundle: LacpBundle;
  readonly #ears = new Map<NicId, Ear>();
  #timer: Disposable | undefined;

  constructor(options: LacpActorOptions) {
    this.#options = options;
    this.#bundle = options.bundle;
  }

  get bundle(): LacpBundle {
    return this.#bundle;
  }

  /** Throws KernelError where nobody can listen on the link. */
  add(event: Extract<LacpEvent, { kind: "added" }>, mac: string): void {
    const { nic } = event;
    const listener = this.#options.frames.listen(nic, LACP_FILTER, (frame) => this.#hear(nic, frame));
    this.#ears.set(nic, { mac, listener });
    this.feed(event);
  }

  /** `leaving`: its partner is told first that it is no longer of the bundle. */
  remove(nic: NicId, leaving: boolean): void {
    if (leaving) this.feed({ kind: "standby", nic, on: true });
    this.feed({ kind: "removed", nic });
    this.#ears.get(nic)?.listener[Symbol.dispose]();
    this.#ears.delete(nic);
  }

  feed(event: LacpEvent): void {
    const { clock, onChange } = this.#options;
    const before = this.#bundle;
    const { bundle, pdus } = lacpStep(before, event, clock.monotonicMs());
    this.#bundle = bundle;
    for (const { nic, pdu } of pdus) this.#send(nic, pdu);
    for (const port of bundle.ports.values()) {
      const known = before.ports.get(port.nic);
      if (known !== port) onChange(known, port);
    }
    this.#wakeUp();
  }

  /** Says the present state once more, so that the partners' time-outs begin now: nobody will speak for a while. */
  farewell(): void {
    for (const port of this.#bundle.ports.values()) {
      if (lacpMemory(this.#bundle, port) === undefined) continue;
      this.#send(port.nic, { actor: actorOf(this.#bundle, port), partner: port.partner ?? NO_PARTY });
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const { listener } of this.#ears.values()) listener[Symbol.dispose]();
    this.#ears.clear();
  }

  #hear(nic: NicId, frame: Uint8Array): void {
    const ear = this.#ears.get(nic);
    if (ear === undefined) return;
    const pdu = decodeLacpdu(slowPayload(frame));
    if (pdu !== undefined) this.feed({ kind: "pdu", nic, pdu });
    const answer = markerAnswer(ear.mac, frame);
    if (answer !== undefined) this.#sendFrame(nic, answer);
  }

  #send(nic: NicId, pdu: Lacpdu): void {
    const ear = this.#ears.get(nic);
    if (ear !== undefined) this.#sendFrame(nic, lacpFrame(ear.mac, pdu));
  }

  #sendFrame(nic: NicId, frame: Uint8Array): void {
    try {
      this.#options.send(nic, frame);
    } catch (error) {
      this.#options.onError(nic, error);
    }
  }

  #wakeUp(): void {
    const { clock } = this.#options;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const deadlineMs = nextLacpDeadlineMs(this.#bundle);
    if (deadlineMs === undefined) return;
    // Timers may be a fraction of a millisecond early; not before the deadline, or it is set for nothing.
    const delayMs = Math.max(0, Math.ceil(deadlineMs - clock.monotonicMs()));
    this.#timer = clock.after(delayMs, () => this.feed({ kind: "tick" }));
  }
}

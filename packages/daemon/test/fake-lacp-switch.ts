import type { NicId } from "@gona/model";
import { decodeLacpdu, type LacpBundle, type Lacpdu, type LacpEvent, lacpStep } from "@gona/planner";
import type { FrameSource } from "../src/lacp/lacp-actor.ts";
import { lacpFrame } from "../src/lacp/lacp-frame.ts";
import type { Bed } from "./bed.ts";

const STEP_MS = 250;
const MAC = "02:00:00:00:00:aa";

/** The switch at the other end of a bed's NICs; it speaks LACP where a test says so. */
export class FakeLacpSwitch implements FrameSource {
  /** What came in, with its port. */
  readonly heard: { readonly nic: string; readonly pdu: Lacpdu }[] = [];
  readonly #ears = new Map<string, (frame: Uint8Array) => void>();
  #bundle: LacpBundle = { system: MAC, systemPriority: 1, key: 9, rate: "fast", ports: new Map() };
  #seen = 0;

  listen(link: string, _: unknown, onFrame: (frame: Uint8Array) => void): Disposable {
    this.#ears.set(link, onFrame);
    return {
      [Symbol.dispose]: () => {
        if (this.#ears.get(link) === onFrame) this.#ears.delete(link);
      },
    };
  }

  /** Speaks LACP on these ports from now on. */
  speak(bed: Bed, ...nics: readonly NicId[]): void {
    for (const [place, nic] of nics.entries()) {
      this.#feed(bed, { kind: "added", nic, number: place + 11 });
      this.#feed(bed, { kind: "carrier", nic, up: true });
    }
  }

  hush(bed: Bed, nic: NicId): void {
    this.#feed(bed, { kind: "removed", nic });
  }

  mux(nic: NicId): string | undefined {
    return this.#bundle.ports.get(nic)?.mux;
  }

  /** Lets time pass, frames going to and fro. */
  async run(bed: Bed, forMs: number): Promise<void> {
    for (let passed = 0; passed < forMs; passed += STEP_MS) {
      await bed.clock.advance(STEP_MS);
      this.#feed(bed, { kind: "tick" });
      this.take(bed);
    }
    await bed.clock.advance(0);
  }

  /** What the host has sent since the last time. */
  take(bed: Bed): void {
    for (; this.#seen < bed.plane.sent.length; this.#seen++) {
      const sent = bed.plane.sent[this.#seen];
      const pdu = sent && decodeLacpdu(sent.frame.subarray(14));
      if (sent === undefined || pdu === undefined) continue;
      this.heard.push({ nic: sent.nic, pdu });
      this.#feed(bed, { kind: "pdu", nic: sent.nic, pdu });
    }
  }

  #feed(bed: Bed, event: LacpEvent): void {
    const { bundle, pdus } = lacpStep(this.#bundle, event, bed.clock.monotonicMs());
    this.#bundle = bundle;
    for (const { nic, pdu } of pdus) this.#ears.get(nic)?.(lacpFrame(MAC, pdu));
  }
}

import { KernelError, PacketSender } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubKernel } from "./hub-kernel.ts";
import { nicWay } from "./nic-way.ts";

/** What a socket says whose link went away, perhaps to come back under the same name. */
const LINK_GONE: ReadonlySet<string> = new Set(["ENXIO", "ENODEV"]);

/**
 * Sends frames out of NICs, past their queues. A socket is kept for each NIC: closing one waits for
 * every CPU (synchronize_net in packet_release, milliseconds), and a lost NIC means a thousand frames.
 */
export class NicSenders implements Disposable {
  readonly #kernel: Pick<HubKernel, "inside" | "link">;
  readonly #senders = new Map<NicId, PacketSender>();

  constructor(kernel: Pick<HubKernel, "inside" | "link">) {
    this.#kernel = kernel;
  }

  /** Throws KernelError: ENODEV, ENETDOWN. */
  send(nic: NicId, frame: Uint8Array): void {
    const sender = this.#senders.get(nic) ?? this.#open(nic);
    try {
      sender.send(frame);
    } catch (error) {
      if (!(error instanceof KernelError && LINK_GONE.has(error.errno))) throw error;
      this.#senders.delete(nic);
      sender[Symbol.dispose]();
      this.#open(nic).send(frame);
    }
  }

  /** NICs came to stand elsewhere: their sockets are of no use any more. */
  forget(): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const sender of this.#senders.values()) sender[Symbol.dispose]();
    this.#senders.clear();
  }

  #open(nic: NicId): PacketSender {
    const { out } = nicWay(this.#kernel, nic);
    const sender = this.#kernel.inside(() => PacketSender.open(out, { bypassQueues: true }), out);
    this.#senders.set(nic, sender);
    return sender;
  }
}

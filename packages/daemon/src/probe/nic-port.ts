import { type Neighbour, nicWay } from "@gona/dataplane";
import { FramePort, type FramePortOptions, type PlacedKernel } from "@gona/kernel";
import { GonaError, type NicId } from "@gona/model";
import { macBytes } from "../ethernet-frame.ts";
import { PROBE_ETHERTYPE } from "./probe-frame.ts";
import { ANSWERS } from "./question-frame.ts";

/** A NIC as the probe has it: frames of its own past the queues, and what came in for it. */
export interface NicPort extends Disposable {
  readonly mac: readonly number[];
  /** False: the driver does not take it now. Throws KernelError where the link is gone. */
  send(frame: Uint8Array): boolean;
  /** Probes, all that came in since the last call. Throws KernelError where the link is gone. */
  probes(): readonly Uint8Array[];
  /** The same of answers. */
  answers(): readonly Uint8Array[];
  /** As the kernel has it now; link events may come a second late. */
  hasCarrier(): boolean;
  /** Frames that the link ever received, ours too. */
  received(): number;
  /** The same of those that it sent. */
  sent(): number;
}

/** What the probe needs of the machine; tests have a switch in memory. */
export interface PathAccess {
  /** Throws KernelError where the link is gone. */
  open(nic: NicId): NicPort;
  /** Machines on the wire, the one heard last first. */
  neighbours(): readonly Neighbour[];
}

/** Opens a NIC, wherever it is. */
export function openNicPort(kernel: Pick<PlacedKernel, "link" | "inside">, nic: NicId): NicPort {
  using held = new DisposableStack();
  const way = nicWay(kernel, nic);
  const open = (link: string, options: FramePortOptions): FramePort =>
    held.use(kernel.inside(() => FramePort.open(link, options), link));
  const probes = open(way.in, { ethertype: PROBE_ETHERTYPE });
  const out = way.out === way.in ? probes : open(way.out, { ethertype: PROBE_ETHERTYPE });
  const answers = ANSWERS.map((answer) => open(way.in, answer));
  const link = kernel.link(nic);
  if (link === undefined) throw new GonaError("NOT_FOUND", `link ${nic} is gone`);
  const kept = held.move();
  return {
    mac: macBytes(link.mac),
    send: (frame) => out.send(frame),
    probes: () => probes.take(),
    answers: () => answers.flatMap((port) => port.take()),
    // Asking for one link handles the event that waits for it on the spot (linkwatch_sync_dev).
    hasCarrier: () => kernel.link(nic)?.carrier ?? false,
    received: () => Number(kernel.link(nic)?.rxPackets ?? 0n),
    sent: () => Number(kernel.link(nic)?.txPackets ?? 0n),
    [Symbol.dispose]: () => kept.dispose(),
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { FramePort } from "@gona/kernel";
import { ethernetFrame, macBytes } from "../../ethernet-frame.ts";

/** The second of IEEE's two for local experiments. */
const ETHERTYPE = 0x88b6;
/** Locally administered, and nobody's. */
const NOBODY = macBytes("02:67:6f:6e:61:00");
const FRAMES = 50;
const EACH_MS = 2;

/** How many of the frames came out at the other side. */
export interface Rehearsed {
  readonly sent: number;
  readonly outward: number;
  readonly inward: number;
}

/**
 * Passes frames through a machine that stands by, from its trunk's tap to its cable's and back: what an emulated
 * processor has to translate of the way is translated before a guest's frame is the first to take it. Neither tap may
 * lead anywhere else meanwhile. `netns`: where they are, the thread's own unless given. Throws KernelError.
 */
export async function rehearse(trunk: string, cable: string, netns?: string): Promise<Rehearsed> {
  const options = { ethertype: ETHERTYPE, ...(netns !== undefined && { netns }) };
  using inside = FramePort.open(trunk, options);
  using outside = FramePort.open(cable, options);
  const frame = ethernetFrame({ to: NOBODY, from: NOBODY, vlan: 0, type: ETHERTYPE }, []);
  let [outward, inward] = [0, 0];
  for (let sent = 0; sent < FRAMES; sent++) {
    inside.send(frame);
    outside.send(frame);
    await delay(EACH_MS);
    outward += outside.take().length;
    inward += inside.take().length;
  }
  return { sent: FRAMES, outward, inward };
}

import { libc } from "@gona/kernel";
import { ParentWatch } from "./parent-watch.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME, ProbeClock, stayOnCpu, wakeOnTime } from "./probe-clock.ts";
import { writeProbe } from "./probe-datagram.ts";
import type { ProbeMessage } from "./probe-messages.ts";
import { openUdp, socketAddress } from "./udp-socket.ts";

export interface SendOptions {
  readonly to: string;
  readonly port: number;
  readonly perSecond: number;
  readonly datagramBytes: number;
  readonly stream: number;
  /** Ends by itself after so many; else when the parent closes our input. */
  readonly count?: number;
  /** Of a prober that waits for answers: how long for each. */
  readonly patienceMs?: number;
}

/** A sleep shorter than this costs more than it saves: the clock is watched instead. */
const SPIN_NS = 3_000;
const ASK_PARENT_NS = 10_000_000;
/**
 * Datagrams that go at once to make up for a time in which the machine did not let this process run. What is later
 * than that moves the timetable: hundreds at once are another load than the one that is asked for, and more than a
 * queue of 256 packets (a veth's ring) or the shaper's holds.
 */
const MOST_AT_ONCE = 16;
/** Datagrams of no stream go first, so that ARP or ND is done when number 0 leaves. */
const WARM_UP = { stream: 0, datagrams: 10, everyNs: 10_000_000 } as const;

/**
 * Sends numbered datagrams, one each 1/perSecond, on an absolute timetable: one that is late goes at
 * once and the next keeps its time, but for pauses (MOST_AT_ONCE). Blocks the process until the end.
 */
export function sendProbe(options: SendOptions, say: (message: ProbeMessage) => void): void {
  const { perSecond, datagramBytes, stream, count = Number.POSITIVE_INFINITY } = options;
  using socket = openUdp(options.to);
  const address = socketAddress(options.to, options.port);
  const datagram = new Uint8Array(datagramBytes);
  const view = new DataView(datagram.buffer);
  const parent = new ParentWatch();
  const clock = new ProbeClock(CLOCK_MONOTONIC);
  const sleeper = new ProbeClock(CLOCK_MONOTONIC);
  const wall = new ProbeClock(CLOCK_REALTIME);
  const interval = 1e9 / perSecond;
  wakeOnTime();
  stayOnCpu(stream);
  say({ kind: "ready" });

  const epoch = clock.read().seconds;
  let begin = clock.since(epoch) + WARM_UP.datagrams * WARM_UP.everyNs;
  for (let left = WARM_UP.datagrams; left > 0; left--) {
    writeProbe(view, WARM_UP.stream, left, 0, 0);
    libc.sendto(socket.number, datagram, datagramBytes, 0, address, address.length);
    sleeper.sleepUntil(epoch, begin - (left - 1) * WARM_UP.everyNs);
  }
  let askParentAt = begin;
  let sequence = 0;
  let refused = 0;
  for (let slot = 0; sequence < count; slot++) {
    let now = clock.read().since(epoch);
    begin += Math.max(0, now - (begin + (slot + MOST_AT_ONCE) * interval));
    const due = begin + slot * interval;
    if (now >= askParentAt) {
      if (parent.gone) break;
      askParentAt = now + ASK_PARENT_NS;
    }
    if (due - now > SPIN_NS) sleeper.sleepUntil(epoch, due);
    while (now < due) now = clock.read().since(epoch);
    wall.read();
    writeProbe(view, stream, sequence, wall.seconds, wall.nanoseconds);
    // What the guest's own link refuses has not left the guest: the number goes with the next slot.
    if (libc.sendto(socket.number, datagram, datagramBytes, 0, address, address.length) < 0) refused += 1;
    else sequence += 1;
  }
  say({ kind: "sent", datagrams: sequence, refused });
}

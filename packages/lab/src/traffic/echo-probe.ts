import { errno, errnoName, type Fd, KernelError, libc } from "@gona/kernel";
import { build } from "hdr-histogram-js";
import { ParentWatch } from "./parent-watch.ts";
import { CLOCK_MONOTONIC, ProbeClock, wakeOnTime } from "./probe-clock.ts";
import { isProbe, sequenceOf, writeProbe } from "./probe-datagram.ts";
import { type ProbeMessage, WINDOW_MS } from "./probe-messages.ts";
import type { SendOptions } from "./send-probe.ts";
import { openUdp, socketAddress } from "./udp-socket.ts";

const POLLIN = 1;
/** A question without an answer for so long is given up, unless the options say otherwise. */
const PATIENCE_MS = 200;

/** Waits for a datagram; false when none came in time. Throws KernelError. */
function readable(socket: Fd, timeoutMs: number): boolean {
  const pollfd = new Uint8Array(8);
  const view = new DataView(pollfd.buffer);
  view.setInt32(0, socket.number, true);
  view.setInt16(4, POLLIN, true);
  const count = libc.poll(pollfd, 1, timeoutMs);
  if (count < 0 && errnoName(errno()) !== "EINTR") throw new KernelError("poll", errnoName(errno()), "");
  return count > 0;
}

/** Sends back what comes, until the parent closes our input. */
export function echoProbe(address: string, port: number, say: (message: ProbeMessage) => void): void {
  using socket = openUdp(address, { address, port });
  const parent = new ParentWatch();
  const data = new Uint8Array(2048);
  const from = socketAddress(address, 0);
  const fromLength = new Uint8Array(Uint32Array.of(from.length).buffer);
  wakeOnTime();
  say({ kind: "ready" });
  for (;;) {
    if (!readable(socket, 50)) {
      if (parent.gone) return;
      continue;
    }
    const length = libc.recvfrom(socket.number, data, data.length, 0, from, fromLength);
    if (length > 0) libc.sendto(socket.number, data, length, 0, from, from.length);
  }
}

/** Asks and waits for the answer, `perSecond` times a second at most; each 100 ms says how long it took. */
export function rttProbe(options: SendOptions, say: (message: ProbeMessage) => void): void {
  using socket = openUdp(options.to);
  const address = socketAddress(options.to, options.port);
  const datagram = new Uint8Array(options.datagramBytes);
  const view = new DataView(datagram.buffer);
  const answer = new Uint8Array(2048);
  const answerView = new DataView(answer.buffer);
  const parent = new ParentWatch();
  const clock = new ProbeClock(CLOCK_MONOTONIC);
  const sleeper = new ProbeClock(CLOCK_MONOTONIC);
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 10_000_000,
    numberOfSignificantValueDigits: 3,
  });
  wakeOnTime();
  say({ kind: "ready" });

  const epoch = clock.read().seconds;
  const begin = clock.since(epoch);
  let windowEnd = begin + WINDOW_MS * 1e6;
  let unanswered = 0;
  for (let sequence = 0; sequence < (options.count ?? Number.POSITIVE_INFINITY); sequence++) {
    sleeper.sleepUntil(epoch, begin + (sequence * 1e9) / options.perSecond);
    const asked = clock.read().since(epoch);
    writeProbe(view, options.stream, sequence, clock.seconds, clock.nanoseconds);
    libc.sendto(socket.number, datagram, datagram.length, 0, address, address.length);
    let answered = false;
    while (!answered && readable(socket, options.patienceMs ?? PATIENCE_MS)) {
      const length = libc.recv(socket.number, answer, answer.length, 0);
      // An answer that comes after its question was given up belongs to an earlier number.
      answered = isProbe(answerView, 0, length, options.stream) && sequenceOf(answerView, 0) === sequence;
    }
    const now = clock.read().since(epoch);
    if (answered) histogram.recordValue(Math.max(1, Math.round((now - asked) / 1e3)));
    else unanswered += 1;
    if (now < windowEnd) continue;
    windowEnd = now + WINDOW_MS * 1e6;
    say(rttMessage(histogram, unanswered));
    if (parent.gone) break;
  }
  say(rttMessage(histogram, unanswered));
}

function rttMessage(histogram: ReturnType<typeof build>, unanswered: number): ProbeMessage {
  return {
    kind: "rtt",
    atMs: Date.now(),
    answered: histogram.totalCount,
    unanswered,
    p50Us: histogram.getValueAtPercentile(50),
    p99Us: histogram.getValueAtPercentile(99),
    p999Us: histogram.getValueAtPercentile(99.9),
    maxUs: histogram.maxValue,
  };
}

import { addressOf, type Fd, inNamespace, libc } from "@gona/kernel";
import { ParentWatch } from "../../traffic/parent-watch.ts";
import { CLOCK_MONOTONIC, ProbeClock, stayOnCpu } from "../../traffic/probe-clock.ts";
import { writeProbe } from "../../traffic/probe-datagram.ts";
import type { BurstPlan, FlowMessage } from "./flow-plan.ts";
import { FlowSockets } from "./flow-sockets.ts";
import { seededRandom } from "./seeded-random.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const TICK_NS = 500_000;
/** A sender that was late sends at most so much at once to make up for it. */
const ARREARS_NS = 20_000_000;
/** The longest burst. */
const BATCH = 64;
/** struct mmsghdr of a 64-bit ABI: msg_iov at 16, msg_iovlen at 24. */
const HEADER_BYTES = 64;
const IOVEC_BYTES = 16;

/**
 * Bursts of numbered datagrams at Poisson times, each of a flow drawn by weight. Begins at the first line of its input,
 * ends with it. Blocks the process.
 */
export function sendBursts(plan: BurstPlan, say: (message: FlowMessage) => void): void {
  const { netns, from, to, port, fromPort, flows, packetsPerSecond, meanBurst, datagramBytes, stream, seed } = plan;
  const random = seededRandom(seed);
  // One that wanders from CPU to CPU reorders its own packets on a veth.
  stayOnCpu(0);
  const sockets = new FlowSockets(from, to, port);
  const fds: readonly Fd[] = inNamespace(netns, () =>
    Array.from({ length: flows }, (_, flow) => sockets.datagrams(fromPort + flow)),
  );
  const weights = cumulated(flows);
  const sequences = new Uint32Array(flows);
  const burst = new DatagramBurst(datagramBytes, stream);
  const line = new Uint8Array(64);
  say({ kind: "ready" });
  if (libc.read(0, line, line.length) <= 0) return;

  const parent = new ParentWatch();
  const clock = new ProbeClock(CLOCK_MONOTONIC);
  const sleeper = new ProbeClock(CLOCK_MONOTONIC);
  const epoch = clock.read().seconds;
  let last = clock.since(epoch);
  let due = 0;
  let datagrams = 0;
  while (!parent.gone) {
    sleeper.sleepUntil(epoch, last + TICK_NS);
    const now = clock.read().since(epoch);
    due += (Math.min(now - last, ARREARS_NS) * packetsPerSecond) / 1e9;
    last = now;
    while (due > 0) {
      const drawn = random();
      const flow = weights.findIndex((upTo) => drawn < upTo);
      const wanted = Math.min(BATCH, 1 + Math.floor(-Math.log(1 - random()) * (meanBurst - 1)));
      const sent = burst.send(fds[flow] as Fd, sequences[flow] ?? 0, wanted);
      // A number that the socket did not take goes with the next burst.
      sequences[flow] = (sequences[flow] ?? 0) + sent;
      datagrams += sent;
      due -= wanted;
    }
  }
  say({ kind: "sent", datagrams });
}

/** Flow k with weight 1/k, added up to 1. */
function cumulated(flows: number): readonly number[] {
  const weights = Array.from({ length: flows }, (_, flow) => 1 / (flow + 1));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight, flow) => {
    sum += weight;
    return flow === flows - 1 ? 1 : sum / all;
  });
}

/** Datagrams with numbers that follow each other, by one system call. */
class DatagramBurst {
  readonly #stream: number;
  readonly #views: readonly DataView[];
  readonly #headers = new Uint8Array(BATCH * HEADER_BYTES);
  readonly #keep: Uint8Array[] = [];

  constructor(datagramBytes: number, stream: number) {
    this.#stream = stream;
    const headers = new DataView(this.#headers.buffer);
    this.#views = Array.from({ length: BATCH }, (_, index) => {
      const data = new Uint8Array(datagramBytes);
      const iovec = new Uint8Array(new BigUint64Array([addressOf(data), BigInt(data.length)]).buffer, 0, IOVEC_BYTES);
      this.#keep.push(data, iovec);
      headers.setBigUint64(index * HEADER_BYTES + 16, addressOf(iovec), true);
      headers.setBigUint64(index * HEADER_BYTES + 24, 1n, true);
      return new DataView(data.buffer);
    });
  }

  /** Returns how many the socket took. */
  send(fd: Fd, first: number, count: number): number {
    for (let index = 0; index < count; index++)
      writeProbe(this.#views[index] as DataView, this.#stream, first + index, 0, 0);
    return Math.max(0, libc.sendmmsg(fd.number, this.#headers, count, MSG_DONTWAIT | MSG_NOSIGNAL));
  }
}

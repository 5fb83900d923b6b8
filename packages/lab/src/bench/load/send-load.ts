import { addressOf, type Fd, libc } from "@gona/kernel";
import { CLOCK_MONOTONIC, ProbeClock } from "../../traffic/probe-clock.ts";
import { type LoadMessage, type LoadPlan, type LoadSource, UDP_HEADER_BYTES } from "./load-plan.ts";
import { openFlows } from "./load-sockets.ts";
import { POLLIN, POLLOUT, PollSet } from "./poll-set.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** One call's worth of TCP: what the socket takes of it is less at low rates. */
const PART_BYTES = 512 << 10;
/** How often UDP is looked at. */
const TICK_NS = 1_000_000;
/** A sender that was late sends at most so much at once to make up for it. */
const ARREARS_NS = 20_000_000;
const TELL_NS = 100_000_000;
const BATCH = 64;
/** struct mmsghdr of a 64-bit ABI: msg_iov at 16, msg_iovlen at 24. */
const HEADER_BYTES = 64;

/** Sends until the parent closes our input; begins at its first line "go". Blocks the process. */
export function sendLoad(plan: LoadPlan, say: (message: LoadMessage) => void): void {
  const poll = new PollSet();
  const input = poll.add(0, POLLIN);
  const streams: { readonly fd: Fd; readonly index: number }[] = [];
  const pumps: (DatagramPump | undefined)[] = [];
  for (const source of plan.sources) {
    const flows = openFlows(source);
    pumps.push(source.kind === "udp" ? new DatagramPump(source, flows) : undefined);
    if (source.kind === "udp") continue;
    for (const fd of flows) streams.push({ fd, index: poll.add(fd.number, POLLOUT) });
  }
  say({ kind: "ready" });
  const line = new Uint8Array(64);
  if (libc.read(0, line, line.length) <= 0) return;

  const data = new Uint8Array(PART_BYTES);
  const clock = new ProbeClock(CLOCK_MONOTONIC);
  const sleeper = new ProbeClock(CLOCK_MONOTONIC);
  const epoch = clock.read().seconds;
  const udp = pumps.filter((pump) => pump !== undefined);
  let last = clock.since(epoch);
  let tellAt = last + TELL_NS;
  for (;;) {
    // With datagrams to send the clock is what is waited for, else a socket that takes more.
    if (udp.length > 0) sleeper.sleepUntil(epoch, clock.read().since(epoch) + TICK_NS);
    poll.wait(udp.length > 0 ? 0 : 1000);
    if (poll.found(input) !== 0) return;
    const now = clock.read().since(epoch);
    for (const pump of udp) pump.send(Math.min(now - last, ARREARS_NS));
    last = now;
    for (const { fd, index } of streams) {
      if (poll.found(index) === 0) continue;
      // A flow that was reset stays silent; the far end shows it.
      if (libc.sendto(fd.number, data, PART_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0) < 0) continue;
    }
    if (udp.length === 0 || now < tellAt) continue;
    tellAt = now + TELL_NS;
    say({ kind: "offered", atMs: Date.now(), bytes: pumps.map((pump) => pump?.offeredBytes ?? 0) });
  }
}

/** Datagrams at a rate, in batches of one system call, the flows in turn. */
class DatagramPump {
  offeredBytes = 0;
  readonly #flows: readonly Fd[];
  readonly #frameBytes: number;
  readonly #framesPerNs: number;
  readonly #headers = new Uint8Array(BATCH * HEADER_BYTES);
  readonly #keep: Uint8Array[] = [];
  #due = 0;
  #next = 0;

  constructor(source: Extract<LoadSource, { kind: "udp" }>, flows: readonly Fd[]) {
    this.#flows = flows;
    this.#frameBytes = source.datagramBytes + UDP_HEADER_BYTES;
    this.#framesPerNs = source.bitsPerSecond / 8 / this.#frameBytes / 1e9;
    const data = new Uint8Array(source.datagramBytes);
    const iovec = new Uint8Array(new BigUint64Array([addressOf(data), BigInt(data.length)]).buffer);
    this.#keep.push(data, iovec);
    const view = new DataView(this.#headers.buffer);
    for (let index = 0; index < BATCH; index++) {
      view.setBigUint64(index * HEADER_BYTES + 16, addressOf(iovec), true);
      view.setBigUint64(index * HEADER_BYTES + 24, 1n, true);
    }
  }

  /**
   * What is due after so many nanoseconds more. What the socket does not take (its queue is full, so the queue
   * behind it is) counts as offered and is not owed.
   */
  send(elapsedNs: number): void {
    this.#due += elapsedNs * this.#framesPerNs;
    this.offeredBytes += elapsedNs * this.#framesPerNs * this.#frameBytes;
    for (let refused = 0; this.#due >= 1 && refused < this.#flows.length; ) {
      const wanted = Math.min(BATCH, Math.floor(this.#due));
      const flow = this.#flows[this.#next % this.#flows.length] as Fd;
      this.#next += 1;
      const sent = Math.max(0, libc.sendmmsg(flow.number, this.#headers, wanted, MSG_DONTWAIT | MSG_NOSIGNAL));
      this.#due -= sent;
      refused = sent < wanted ? refused + 1 : 0;
    }
    this.#due %= 1;
  }
}

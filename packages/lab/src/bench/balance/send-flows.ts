import { type Fd, inNamespace, libc } from "@gona/kernel";
import { CLOCK_MONOTONIC, ProbeClock } from "../../traffic/probe-clock.ts";
import { POLLIN, POLLOUT, PollSet } from "../load/poll-set.ts";
import { arrivals } from "./arrivals.ts";
import type { Completion } from "./completion-times.ts";
import { type FlowMessage, type FlowPlan, SIZES } from "./flow-plan.ts";
import { FlowSockets } from "./flow-sockets.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** POLLERR and POLLHUP. */
const BROKEN = 8 | 16;
const PART_BYTES = 256 << 10;
/** The length of a flow stands at its beginning. */
export const HEAD_BYTES = 4;
const LONGEST_WAIT_MS = 50;

interface Flow {
  readonly fd: Fd;
  readonly bytes: number;
  readonly beganNs: number;
  left: number;
}

/**
 * Begins flows at their times and waits until the receiver has said of each that it has all of it. Begins at the
 * first line of its input; ends when all are done, when the patience is over or when the input ends. Blocks the process.
 */
export function sendFlows(plan: FlowPlan, say: (message: FlowMessage) => void): void {
  inNamespace(plan.netns, () => run(plan, say));
}

function run(plan: FlowPlan, say: (message: FlowMessage) => void): void {
  const { from, fromPort, to, port, sizes, bitsPerSecond, lastsMs, seed, patienceMs } = plan;
  const due = arrivals({ sizes: SIZES[sizes], bitsPerSecond, lastsMs, seed });
  const sockets = new FlowSockets(from, to, port);
  const data = new Uint8Array(PART_BYTES);
  const head = new DataView(data.buffer);
  const line = new Uint8Array(64);
  say({ kind: "ready" });
  if (libc.read(0, line, line.length) <= 0) return;

  const clock = new ProbeClock(CLOCK_MONOTONIC);
  const epoch = clock.read().seconds;
  const begin = clock.since(epoch);
  const endNs = begin + (lastsMs + patienceMs) * 1e6;
  const poll = new PollSet();
  const completed: Completion[] = [];
  let flows: Flow[] = [];
  let next = 0;
  let broken = 0;
  for (;;) {
    let now = clock.read().since(epoch);
    for (let flow = due[next]; flow !== undefined && begin + flow.atMs * 1e6 <= now; flow = due[next]) {
      now = clock.read().since(epoch);
      const bytes = Math.max(HEAD_BYTES, flow.bytes);
      flows.push({ fd: sockets.connect(fromPort + next), bytes, beganNs: now, left: bytes });
      next += 1;
    }
    if (now >= endNs || (next === due.length && flows.length === 0)) break;
    const nextMs = next < due.length ? (begin + (due[next]?.atMs ?? 0) * 1e6 - now) / 1e6 : LONGEST_WAIT_MS;
    poll.clear();
    const input = poll.add(0, POLLIN);
    for (const { fd, left } of flows) poll.add(fd.number, left > 0 ? POLLOUT : POLLIN);
    poll.wait(Math.max(1, Math.min(LONGEST_WAIT_MS, Math.floor(nextMs))));
    if (poll.found(input) !== 0) break;
    const going: Flow[] = [];
    for (const [index, flow] of flows.entries()) {
      if (poll.found(index + 1) === 0) {
        going.push(flow);
        continue;
      }
      if (flow.left === 0) {
        // The receiver's byte; without one the connection was lost.
        if (libc.recv(flow.fd.number, line, 1, MSG_DONTWAIT) === 1)
          completed.push({ bytes: flow.bytes, tookMs: (clock.read().since(epoch) - flow.beganNs) / 1e6 });
        else broken += 1;
        flow.fd.close();
        continue;
      }
      head.setUint32(0, flow.left === flow.bytes ? flow.bytes : 0);
      const sent = libc.sendto(
        flow.fd.number,
        data,
        Math.min(PART_BYTES, flow.left),
        MSG_DONTWAIT | MSG_NOSIGNAL,
        null,
        0,
      );
      if (sent > 0) flow.left -= sent;
      if (sent >= 0 || (poll.found(index + 1) & BROKEN) === 0) {
        going.push(flow);
        continue;
      }
      broken += 1;
      flow.fd.close();
    }
    flows = going;
  }
  for (const { fd } of flows) fd.close();
  say({ kind: "completed", flows: completed, unfinished: flows.length + broken + due.length - next });
}

import { type Fd, libc } from "@gona/kernel";
import type { LoadMessage, SinkPlan } from "./load-plan.ts";
import { acceptOne, openSink } from "./load-sockets.ts";
import { POLLIN, PollSet } from "./poll-set.ts";

const MSG_DONTWAIT = 0x40;
/** For TCP: what was received is dropped in the kernel, nothing is copied. */
const MSG_TRUNC = 0x20;
const PART_BYTES = 4 << 20;

/** Takes what comes, at the least cost, until the parent closes our input. Blocks the process. */
export function sinkLoad({ places }: SinkPlan, say: (message: LoadMessage) => void): void {
  const poll = new PollSet();
  const input = poll.add(0, POLLIN);
  const sinks = places.map(({ netns, address, port }) => openSink(netns, address, port));
  const listeners = sinks.map(({ listener }) => ({ listener, index: poll.add(listener.number, POLLIN) }));
  const connections: { readonly fd: Fd; readonly index: number }[] = [];
  const nowhere = new Uint8Array(PART_BYTES);
  say({ kind: "ready" });
  for (;;) {
    poll.wait(1000);
    if (poll.found(input) !== 0) return;
    for (const { listener, index } of listeners) {
      if (poll.found(index) === 0) continue;
      for (let fd = acceptOne(listener); fd !== undefined; fd = acceptOne(listener))
        connections.push({ fd, index: poll.add(fd.number, POLLIN) });
    }
    for (const { fd, index } of connections) {
      if (fd.closed || poll.found(index) === 0) continue;
      // 0: the other end is done. An error: it was reset, as loads end.
      const length = libc.recv(fd.number, nowhere, PART_BYTES, MSG_DONTWAIT | MSG_TRUNC);
      if (length > 0) continue;
      poll.drop(index);
      fd.close();
    }
  }
}

import { type Fd, libc } from "@gona/kernel";
import { acceptOne } from "../load/load-sockets.ts";
import { POLLIN, PollSet } from "../load/poll-set.ts";
import type { FlowMessage, ReceivePlan } from "./flow-plan.ts";
import { listen, swallow } from "./flow-sockets.ts";
import { HEAD_BYTES } from "./send-flows.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** For TCP: what was received is dropped in the kernel, nothing is copied. */
const MSG_TRUNC = 0x20;
const PART_BYTES = 4 << 20;

interface Flow {
  readonly fd: Fd;
  /** Undefined: the head has not come yet. */
  left: number | undefined;
}

/** Takes flows, and says of each by one byte that it is whole. Until the parent closes our input; blocks the process. */
export function receiveFlows({ netns, address, port }: ReceivePlan, say: (message: FlowMessage) => void): void {
  const listener = listen(netns, address, port);
  const datagrams = swallow(netns, address, port);
  const nowhere = new Uint8Array(PART_BYTES);
  const head = new DataView(nowhere.buffer);
  const poll = new PollSet();
  let flows: Flow[] = [];
  say({ kind: "ready" });
  for (;;) {
    poll.clear();
    const input = poll.add(0, POLLIN);
    const knock = poll.add(listener.number, POLLIN);
    for (const { fd } of flows) poll.add(fd.number, POLLIN);
    poll.wait(1000);
    if (poll.found(input) !== 0) break;
    const going: Flow[] = [];
    for (const [index, flow] of flows.entries()) {
      if (poll.found(index + 2) === 0 || take(flow)) going.push(flow);
      else flow.fd.close();
    }
    if (poll.found(knock) !== 0)
      for (let fd = acceptOne(listener); fd !== undefined; fd = acceptOne(listener)) {
        const flow: Flow = { fd, left: undefined };
        going.push(flow);
      }
    flows = going;
  }
  datagrams.close();

  /** Whether the flow goes on: after its last byte the sender resets it. */
  function take(flow: Flow): boolean {
    const { fd } = flow;
    if (flow.left === undefined) {
      if (libc.recv(fd.number, nowhere, HEAD_BYTES, MSG_DONTWAIT) !== HEAD_BYTES) return false;
      flow.left = head.getUint32(0) - HEAD_BYTES;
    } else {
      const length = libc.recv(fd.number, nowhere, PART_BYTES, MSG_DONTWAIT | MSG_TRUNC);
      if (length <= 0) return false;
      flow.left -= length;
    }
    if (flow.left <= 0) libc.sendto(fd.number, nowhere, 1, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0);
    return true;
  }
}

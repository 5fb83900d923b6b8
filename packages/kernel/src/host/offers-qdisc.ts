import { type Qdisc, TC_ROOT, tcHandle } from "../kernel-op.ts";
import { inNewNamespace } from "../namespace/in-namespace.ts";
import { NLM_F_CREATE, NLM_F_REPLACE, RTM_NEWQDISC } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/netlink-socket.ts";
import { writeQdisc } from "../netlink/qdisc-codec.ts";

/** `lo` has ifindex 1 in every namespace. */
const LOOPBACK = 1;
const HANDLE = tcHandle(1, 0);

/**
 * Whether the running kernel has a qdisc, modules that it loads when asked included: tried on the loopback of a
 * namespace that is gone when this returns. Throws KernelError where no namespace can be made.
 */
export function offersQdisc(qdisc: Qdisc): boolean {
  return inNewNamespace(() => {
    using socket = new NetlinkSocket();
    const refused = socket.request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, (writer) =>
      writeQdisc(writer, LOOPBACK, TC_ROOT, HANDLE, qdisc),
    );
    return refused === undefined;
  });
}

import { KernelError } from "../kernel-error.ts";
import { RTM_NEWLINK } from "../netlink/constants.ts";
import { writeLinkChange } from "../netlink/link-codec.ts";
import { NetlinkSocket } from "../netlink/netlink-socket.ts";

/** `lo` has ifindex 1 in every namespace. */
const LOOPBACK = 1;

/** Sets `lo` of the thread's namespace up. */
export function setLoopbackUp(): void {
  using socket = new NetlinkSocket();
  const refused = socket.request(RTM_NEWLINK, 0, (writer) => writeLinkChange(writer, LOOPBACK, { up: true }));
  if (refused !== undefined) throw new KernelError("ip link set dev lo up", refused.errno, refused.words);
}

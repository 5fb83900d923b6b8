import type { ClassCounterSink, ClassState, FilterState, LinkState, QdiscState } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import type { Qdisc, TcHandle } from "../kernel-op.ts";
import { decodeHtbClass, writeClassQuery } from "../netlink/class-codec.ts";
import { takeClassCounters } from "../netlink/class-counters-codec.ts";
import * as nl from "../netlink/constants.ts";
import { decodeBpfFilter, writeFilterQuery } from "../netlink/filter-codec.ts";
import { decodeLink, type LinkMessage, writeLinkQuery } from "../netlink/link-codec.ts";
import type { NetlinkSocket } from "../netlink/netlink-socket.ts";
import { decodeQdisc } from "../netlink/qdisc-codec.ts";
import { tcIfindex, writeTcHeader } from "../netlink/tc-header.ts";
import { decodeVfs, writeVfQuery } from "../netlink/vf-codec.ts";
import type { VfState } from "../virtual-function.ts";
import { linkIndex, linkName } from "./link-index.ts";

/** What the kernel holds, read by dumps over one socket, in that socket's namespace. */
export class KernelReader {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  links(): readonly LinkState[] {
    const found: LinkMessage[] = [];
    this.#socket.dump(
      "ip link show",
      nl.RTM_GETLINK,
      (writer) => writeLinkQuery(writer, 0),
      () => found.splice(0),
      (type, view, start, end) => {
        if (type === nl.RTM_NEWLINK) found.push(decodeLink(view, start, end));
      },
    );
    const names = new Map(found.map(({ link }) => [link.ifindex, link.name]));
    return found.map((message) => withNames(message, (ifindex) => names.get(ifindex)));
  }

  link(name: string): LinkState | undefined {
    // The kernel refuses a name that is too long with ERANGE, where there is simply no such link.
    if (Buffer.byteLength(name) > 15) return undefined;
    let found: LinkMessage | undefined;
    const refused = this.#socket.get(
      nl.RTM_GETLINK,
      (writer) => writeLinkQuery(writer, 0, name),
      (_type, view, start, end) => {
        found = decodeLink(view, start, end);
      },
    );
    if (refused !== undefined && refused.errno !== "ENODEV") {
      throw new KernelError(`ip link show dev ${name}`, refused.errno, refused.words);
    }
    return found === undefined ? undefined : this.complete(found);
  }

  /** Adds the names of master and peer to what a message says. */
  complete(message: LinkMessage): LinkState {
    return withNames(message, (ifindex) => linkName(this.#socket.fd, ifindex));
  }

  qdiscs(link?: string): readonly QdiscState[] {
    const wanted = link === undefined ? undefined : this.#index(link, "tc qdisc show");
    const found: QdiscState[] = [];
    const names = new Map<number, string | undefined>();
    const nameOf = (ifindex: number): string | undefined => {
      if (!names.has(ifindex)) names.set(ifindex, linkName(this.#socket.fd, ifindex));
      return names.get(ifindex);
    };
    this.#socket.dump(
      "tc qdisc show",
      nl.RTM_GETQDISC,
      (writer) => writeTcHeader(writer, wanted ?? 0, 0, 0),
      () => found.splice(0),
      (type, view, start, end) => {
        // The kernel dumps the qdiscs of all links whatever is asked for.
        if (type !== nl.RTM_NEWQDISC || (wanted !== undefined && tcIfindex(view, start) !== wanted)) return;
        const { ifindex, ...state } = decodeQdisc(view, start, end);
        const name = link ?? nameOf(ifindex);
        if (name !== undefined) found.push({ link: name, ...state });
      },
    );
    return found;
  }

  /** The qdisc at a place of a link; undefined where there is none of that handle. One request, no dump. */
  qdiscAt(ifindex: number, parent: TcHandle, handle: TcHandle): Qdisc | undefined {
    let found: Qdisc | undefined;
    this.#socket.get(
      nl.RTM_GETQDISC,
      (writer) => writeTcHeader(writer, ifindex, handle, parent),
      (_type, view, start, end) => {
        found = decodeQdisc(view, start, end).qdisc;
      },
    );
    return found;
  }

  classes(link: string): readonly ClassState[] {
    const ifindex = this.#index(link, "tc class show");
    const found: ClassState[] = [];
    this.#socket.dump(
      `tc class show dev ${link}`,
      nl.RTM_GETTCLASS,
      (writer) => writeClassQuery(writer, ifindex),
      () => found.splice(0),
      (type, view, start, end) => {
        const state = type === nl.RTM_NEWTCLASS ? decodeHtbClass(link, view, start, end) : undefined;
        if (state !== undefined) found.push(state);
      },
    );
    return found;
  }

  classCounters(link: string, sink: ClassCounterSink, classid?: TcHandle): void {
    const ifindex = this.#index(link, "tc -s class show");
    if (classid !== undefined) {
      sink.begin();
      this.#socket.get(
        nl.RTM_GETTCLASS,
        (writer) => writeClassQuery(writer, ifindex, classid),
        (_type, view, start, end) => takeClassCounters(view, start, end, sink),
      );
      return;
    }
    this.#socket.dump(
      `tc -s class show dev ${link}`,
      nl.RTM_GETTCLASS,
      (writer) => writeClassQuery(writer, ifindex),
      () => sink.begin(),
      (type, view, start, end) => {
        if (type === nl.RTM_NEWTCLASS) takeClassCounters(view, start, end, sink);
      },
    );
  }

  /** The virtual functions come with a link alone that is asked for by itself. */
  vfs(link: string): readonly VfState[] {
    const ifindex = this.#index(link, "ip link show");
    let found: readonly VfState[] = [];
    const refused = this.#socket.get(
      nl.RTM_GETLINK,
      (writer) => writeVfQuery(writer, ifindex),
      (_type, view, start, end) => {
        found = decodeVfs(view, start, end);
      },
    );
    if (refused !== undefined) throw new KernelError(`ip link show dev ${link}`, refused.errno, refused.words);
    return found;
  }

  filters(link: string, hook?: "egress"): readonly FilterState[] {
    const ifindex = this.#index(link, "tc filter show");
    const found: FilterState[] = [];
    this.#socket.dump(
      `tc filter show dev ${link} ${hook ?? "ingress"}`,
      nl.RTM_GETTFILTER,
      (writer) => writeFilterQuery(writer, ifindex, hook),
      () => found.splice(0),
      (type, view, start, end) => {
        const state = type === nl.RTM_NEWTFILTER ? decodeBpfFilter(link, view, start, end) : undefined;
        if (state !== undefined) found.push(state);
      },
    );
    return found;
  }

  #index(link: string, operation: string): number {
    const ifindex = linkIndex(this.#socket.fd, link);
    if (ifindex === 0) throw new KernelError(`${operation} dev ${link}`, "ENODEV", "No such device");
    return ifindex;
  }
}

function withNames(message: LinkMessage, nameOf: (ifindex: number) => string | undefined): LinkState {
  const { link, masterIndex, linkIndex } = message;
  const master = masterIndex === 0 ? undefined : nameOf(masterIndex);
  const isPair = link.kind === "veth" && linkIndex !== 0 && !link.peerElsewhere;
  const peer = isPair ? nameOf(linkIndex) : undefined;
  const lower = link.macvlan === undefined || link.peerElsewhere ? undefined : nameOf(linkIndex);
  if (master === undefined && peer === undefined && lower === undefined) return link;
  return { ...link, ...(lower && { lower }), ...(master && { master }), ...(peer && { peer }) };
}

import { describeOp, describeQdisc } from "../describe-op.ts";
import { KernelError } from "../kernel-error.ts";
import { type KernelOp, TC_ROOT, type TcHandle } from "../kernel-op.ts";
import { errnoNumber, errnoWords } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { inNamespace, namespacePath } from "../namespace/in-namespace.ts";
import { parsePrefix, writeAddress } from "../netlink/address-codec.ts";
import { writeClassQuery } from "../netlink/class-codec.ts";
import * as nl from "../netlink/constants.ts";
import { writeLinkChange, writeVethPair } from "../netlink/link-codec.ts";
import { writeMacvlan } from "../netlink/macvlan-codec.ts";
import type { MessageWriter } from "../netlink/message-writer.ts";
import { NetlinkSocket, type Refused } from "../netlink/netlink-socket.ts";
import { writeQdisc } from "../netlink/qdisc-codec.ts";
import type { KernelReader } from "./kernel-reader.ts";
import { linkIndex } from "./link-index.ts";
import type { LoadedBpf } from "./linux-kernel.ts";
import { type LinkOp, opRequest } from "./op-request.ts";
import { receiveInOrder } from "./receive-in-order.ts";

type VethCreate = Extract<KernelOp, { op: "vethCreate" }>;
type VethPairCreate = Extract<KernelOp, { op: "vethPairCreate" }>;
type LinkMove = Extract<KernelOp, { op: "linkMove" }>;
type MacvtapCreate = Extract<KernelOp, { op: "macvtapCreate" }>;
type QdiscReplace = Extract<KernelOp, { op: "qdiscReplace" }>;
type MapPut = Extract<KernelOp, { op: "mapPut" }>;

/**
 * Carries operations out in order. One request at a time: the kernel would go on with the rest of
 * a batch after a refused request, and an operation that builds on it (a filter that sends
 * packets to a class) must not run then. It costs about 2 us an operation more than batches do.
 */
export class OpRunner {
  readonly #socket: NetlinkSocket;
  readonly #reader: KernelReader;
  readonly #bpf: LoadedBpf;
  readonly #inside: <T>(work: () => T) => T;
  /** `ifindex/classid` of parents that were seen, for one turn. */
  readonly #parents = new Set<string>();

  /** `inside` runs work with the thread in the socket's namespace. */
  constructor(socket: NetlinkSocket, reader: KernelReader, bpf: LoadedBpf, inside: <T>(work: () => T) => T) {
    this.#inside = inside;
    this.#socket = socket;
    this.#reader = reader;
    this.#bpf = bpf;
  }

  /**
   * Runs operations from place `from` on for about `turnMs`, at least one; returns the place of the
   * next. By time, not by number: a class takes 10 us, the deletion of a link 20 ms. Throws KernelError.
   */
  runSome(ops: readonly KernelOp[], from: number, turnMs: number): number {
    const end = performance.now() + turnMs;
    let at = from;
    this.#parents.clear();
    // Within a turn nothing else of this process runs, so a name found keeps its link but for ops on links.
    const indexes = new Map<string, number>();
    while (at < ops.length && (at === from || performance.now() < end)) {
      const op = ops[at] as KernelOp;
      if (op.op === "mapPut") {
        at = this.#putMany(ops, at, op.map);
        continue;
      }
      this.#attempt(op, at, () => this.#runOne(op, indexes));
      at++;
    }
    return at;
  }

  #runOne(op: Exclude<KernelOp, MapPut>, indexes: Map<string, number>): Refusal {
    switch (op.op) {
      case "mapDelete":
        this.#bpf.map(op.map).delete(op.key);
        return undefined;
      case "vethCreate":
        return this.#createVeth(op);
      case "vethPairCreate":
        return this.#createPair(op);
      case "macvtapCreate":
        return this.#createMacvtap(op);
    }
    const ifindex = indexes.get(op.link) ?? linkIndex(this.#socket.fd, op.link);
    if (ifindex === 0) return { errno: "ENODEV", words: errnoWords(errnoNumber("ENODEV")) };
    if (op.op === "linkDelete" || op.op === "linkMove") indexes.clear();
    else indexes.set(op.link, ifindex);
    return op.op === "linkMove" ? this.#moveLink(op, ifindex) : this.#runOnLink(op, ifindex);
  }

  #runOnLink(op: LinkOp, ifindex: number): Refusal {
    if (op.op === "classReplace" && !this.#hasParent(op, ifindex)) {
      return { errno: "ENOENT", words: "Specified parent class not found" };
    }
    if (!keepsClasses(op)) this.#parents.clear();
    const { type, flags, write } = opRequest(op, ifindex, (name) => this.#bpf.program(name).fd);
    const refused = this.#socket.request(type, flags, write);
    if (refused === undefined) {
      if (op.op === "classReplace") this.#parents.add(`${ifindex}/${op.classid}`);
      return undefined;
    }
    if (op.op === "qdiscReplace" && refused.errno === "EINVAL") return this.#replaceInPlace(op, ifindex, refused);
    // Another qdisc than the one named is there (the kernel's default has handle 0): ours is not.
    if (op.op === "qdiscDelete" && refused.words === "Invalid handle") return { ...refused, errno: "ENOENT" };
    return refused;
  }

  /** HTB itself puts a class without a parent below the root, where the parent's limit does not hold it. */
  #hasParent(op: Extract<KernelOp, { op: "classReplace" }>, ifindex: number): boolean {
    if (op.parent === TC_ROOT || (op.parent & 0xffff) === 0) return true;
    const key = `${ifindex}/${op.parent}`;
    if (this.#parents.has(key)) return true;
    const refused = this.#socket.request(nl.RTM_GETTCLASS, 0, (writer) => writeClassQuery(writer, ifindex, op.parent));
    if (refused !== undefined) return false;
    this.#parents.add(key);
    return true;
  }

  /**
   * Two replacements that the kernel refuses with EINVAL: of an HTB by itself, which it cannot
   * change (nothing to do where it is as wanted), and of a qdisc by one of another kind under the
   * same handle. The latter takes a detour by a handle of the kernel's choice, so that the place
   * is never without the queue that was asked for.
   */
  #replaceInPlace(op: QdiscReplace, ifindex: number, refused: Refused): Refusal {
    const there = this.#reader.qdiscAt(ifindex, op.parent, op.handle);
    if (there === undefined) return refused;
    if (there.kind === op.qdisc.kind) return describeQdisc(there) === describeQdisc(op.qdisc) ? undefined : refused;
    return this.#replaceQdisc(op, ifindex, 0 as TcHandle) ?? this.#replaceQdisc(op, ifindex, op.handle);
  }

  #replaceQdisc(op: QdiscReplace, ifindex: number, handle: TcHandle): Refusal {
    return this.#socket.request(nl.RTM_NEWQDISC, nl.NLM_F_CREATE | nl.NLM_F_REPLACE, (writer) =>
      writeQdisc(writer, ifindex, op.parent, handle, op.qdisc),
    );
  }

  /** The pair and the addresses of its far end: both or nothing. */
  #createVeth({ link, peer }: VethCreate): Refusal {
    for (const address of peer.addresses) parsePrefix(address); // before there is anything to undo
    using netns = Fd.open(namespacePath(peer.netns));
    const refused = this.#socket.request(nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_EXCL, (writer) =>
      writeVethPair(writer, { name: link }, { name: peer.name, mac: peer.mac, netnsFd: netns.number }),
    );
    if (refused !== undefined) return refused;
    const failure = this.#prepareFarEnd(peer);
    if (failure !== undefined) this.#runOne({ op: "linkDelete", link }, new Map());
    return failure;
  }

  /** Not part of the creation: a veth refuses to go up (ENOTCONN) before both ends are tied together. */
  #prepareFarEnd(peer: VethCreate["peer"]): Refusal {
    using inside = inNamespace(peer.netns, () => new NetlinkSocket());
    const ifindex = linkIndex(inside.fd, peer.name);
    const flags = nl.NLM_F_CREATE | nl.NLM_F_REPLACE;
    const refused = inside.batch([
      { type: nl.RTM_NEWLINK, flags: 0, write: (writer) => writeLinkChange(writer, ifindex, { up: true }) },
      ...peer.addresses.map((address) => ({
        type: nl.RTM_NEWADDR,
        flags,
        write: (writer: MessageWriter) => writeAddress(writer, ifindex, address),
      })),
    ]);
    if (refused === undefined) return undefined;
    const address = peer.addresses[refused.index - 1];
    return {
      errno: refused.errno,
      words: address === undefined ? refused.words : `address ${address}: ${refused.words}`,
    };
  }

  /** The link goes down and loses its queues: what is wanted of it is set anew where it arrives. */
  #moveLink({ netns }: LinkMove, ifindex: number): Refusal {
    using target = Fd.open(namespacePath(netns));
    return this.#socket.request(nl.RTM_NEWLINK, 0, (writer) =>
      writeLinkChange(writer, ifindex, { netnsFd: target.number }),
    );
  }

  /** Both ends up, or nothing. */
  #createPair(op: VethPairCreate): Refusal {
    return op.netns === undefined ? this.#createPairHere(op) : this.#createTrunk(op, op.netns);
  }

  #createPairHere({ link, peer, mtu }: VethPairCreate): Refusal {
    const refused = this.#socket.request(nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_EXCL, (writer) =>
      writeVethPair(writer, { name: link, mtu }, { name: peer, mtu }),
    );
    if (refused !== undefined) return refused;
    for (const end of [link, peer]) {
      const failure = setEndUp(this.#socket, end);
      if (failure === undefined) continue;
      this.#runOne({ op: "linkDelete", link }, new Map());
      return failure;
    }
    this.#inside(() => receiveInOrder(peer));
    return undefined;
  }

  #createTrunk({ link, peer, mtu }: VethPairCreate, netns: string): Refusal {
    using target = Fd.open(namespacePath(netns));
    using there = inNamespace(netns, () => new NetlinkSocket());
    // Ends of one ifindex look to the kernel like no pair: it would tell of their carrier a second late. It takes
    // the far end's only where the near end's is given too.
    let pair: { readonly near: number; readonly far: number } | undefined;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const near = { name: link, mtu, ...(pair && { ifindex: pair.near }) };
      const far = { name: peer, mtu, netnsFd: target.number, ...(pair && { ifindex: pair.far }) };
      const refused = this.#socket.request(nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_EXCL, (writer) =>
        writeVethPair(writer, near, far),
      );
      const isNumberTaken = pair !== undefined && (refused?.errno === "EBUSY" || refused?.errno === "EEXIST");
      if (refused !== undefined && !isNumberTaken) return refused;
      if (refused === undefined) {
        const own = linkIndex(this.#socket.fd, link);
        if (own !== linkIndex(there.fd, peer)) break;
        this.#runOne({ op: "linkDelete", link }, new Map());
        pair = { near: own, far: own };
      }
      pair = pair && { near: pair.near + 1, far: pair.far + FAR_STRIDE };
    }
    const failure = setEndUp(this.#socket, link) ?? setEndUp(there, peer);
    if (failure !== undefined) {
      this.#runOne({ op: "linkDelete", link }, new Map());
      return failure;
    }
    this.#inside(() => receiveInOrder(link));
    inNamespace(netns, () => receiveInOrder(peer));
    return undefined;
  }

  #createMacvtap({ link, lower, mode, mac, alias }: MacvtapCreate): Refusal {
    const lowerIndex = linkIndex(this.#socket.fd, lower);
    if (lowerIndex === 0) return { errno: "ENODEV", words: errnoWords(errnoNumber("ENODEV")) };
    const refused = this.#socket.request(nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_EXCL, (writer) =>
      writeMacvlan(writer, { kind: "macvtap", name: link, lowerIndex, mode, mac }),
    );
    if (refused !== undefined) return refused;
    const ifindex = linkIndex(this.#socket.fd, link);
    // The host's own would be the very one of the guest, whose MAC it has. A kernel without IPv6 refuses, and makes none.
    this.#socket.request(nl.RTM_NEWLINK, 0, (writer) => writeLinkChange(writer, ifindex, { noIpv6Address: true }));
    const failure = this.#runOne({ op: "linkSet", link, alias }, new Map());
    if (failure !== undefined) this.#runOne({ op: "linkDelete", link }, new Map());
    return failure;
  }

  /** Puts what stands in a row for one map in one system call. */
  #putMany(ops: readonly KernelOp[], from: number, name: string): number {
    const row: MapPut[] = [];
    for (let at = from; at < ops.length; at++) {
      const op = ops[at];
      if (op?.op !== "mapPut" || op.map !== name) break;
      row.push(op);
    }
    const map = this.#attempt(row[0] as MapPut, from, () => this.#bpf.map(name));
    try {
      map.putBatch(
        row.map(({ key }) => key),
        row.map(({ value }) => value),
      );
    } catch {
      // A batch does not say which entry was refused; putting an entry twice changes nothing.
      row.forEach((op, place) => {
        this.#attempt(op, from + place, () => map.put(op.key, op.value));
      });
    }
    return from + row.length;
  }

  /** Every failure leaves with the operation's words and its place in the list. */
  #attempt<T>(op: KernelOp, index: number, work: () => T): T {
    let result: T;
    try {
      result = work();
    } catch (cause) {
      // An address or MAC that is none: refused here as the kernel would.
      if (cause instanceof RangeError) throw new KernelError(describeOp(op), "EINVAL", cause.message, { index, cause });
      if (!(cause instanceof KernelError)) throw cause;
      throw new KernelError(describeOp(op), cause.errno, cause.message, { index, cause });
    }
    if (isRefusal(result)) throw new KernelError(describeOp(op), result.errno, result.words, { index });
    return result;
  }
}

/** Ends of a pair that came to have one ifindex are made again so far apart. */
const FAR_STRIDE = 1000;
const MOST_TRIES = 8;

/** Up, without an IPv6 address of the kernel's making. */
function setEndUp(socket: NetlinkSocket, end: string): Refusal {
  const ifindex = linkIndex(socket.fd, end);
  // A kernel without IPv6 refuses, and makes no address either.
  socket.request(nl.RTM_NEWLINK, 0, (writer) => writeLinkChange(writer, ifindex, { noIpv6Address: true }));
  return socket.request(nl.RTM_NEWLINK, 0, (writer) => writeLinkChange(writer, ifindex, { up: true }));
}

type Refusal = { readonly errno: string; readonly words: string } | undefined;
const isRefusal = (result: unknown): result is { readonly errno: string; readonly words: string } =>
  typeof result === "object" && result !== null && "errno" in result && "words" in result;

/** Neither a leaf's queue nor a filter takes a class away. */
const keepsClasses = (op: LinkOp): boolean =>
  op.op === "classReplace" || op.op === "filterReplace" || (op.op === "qdiscReplace" && op.parent !== TC_ROOT);

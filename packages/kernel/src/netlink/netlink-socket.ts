import { KernelError } from "../kernel-error.ts";
import { check, errnoName, errnoNumber, errnoWords } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { errno, libc } from "../libc/libc.ts";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import { MESSAGE_HEADER_BYTES, MessageWriter } from "./message-writer.ts";

/** A request that the kernel refused: `index` counts the requests of the batch. */
export interface Refused {
  readonly index: number;
  readonly errno: string;
  /** The kernel's extended error text, or the C library's words. */
  readonly words: string;
}

export interface Request {
  /** RTM_*. */
  readonly type: number;
  /** NLM_F_*, without REQUEST and ACK. */
  readonly flags: number;
  readonly write: (writer: MessageWriter) => void;
}

/** Called with each message of a dump; `start` and `end` bound what follows the netlink header. */
export type DumpVisitor = (type: number, view: DataView, start: number, end: number) => void;

/** Room for the acknowledgements of one batch, each about 900 bytes of kernel memory. */
const RECEIVE_BUFFER_BYTES = 4 << 20;
const MOST_DUMP_TRIES = 10;
const EAGAIN = errnoNumber("EAGAIN");
const EINTR = errnoNumber("EINTR");
const ENOBUFS = errnoNumber("ENOBUFS");

/**
 * A NETLINK_ROUTE socket of the namespace that the thread is in when it is made. The kernel
 * answers a request before send returns, so requests are synchronous and take microseconds.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: Fd;
  readonly #received = Buffer.alloc(1 << 16);
  readonly #view = new DataView(this.#received.buffer, this.#received.byteOffset, this.#received.length);
  readonly #writer = new MessageWriter();
  #sequence = 1;

  /** @param groups multicast groups (RTNLGRP_*) to listen to. Throws KernelError. */
  constructor(groups: readonly number[] = []) {
    const flags = nl.SOCK_RAW | nl.SOCK_CLOEXEC | nl.SOCK_NONBLOCK;
    this.#fd = new Fd(check(libc.socket(nl.AF_NETLINK, flags, nl.NETLINK_ROUTE), "socket AF_NETLINK"));
    try {
      this.#option(nl.SOL_NETLINK, nl.NETLINK_EXT_ACK, 1);
      this.#option(nl.SOL_NETLINK, nl.NETLINK_CAP_ACK, 1);
      this.#option(nl.SOL_NETLINK, nl.NETLINK_GET_STRICT_CHK, 1);
      // The forced size needs CAP_NET_ADMIN; without it the kernel's maximum must do.
      if (!this.#tryOption(nl.SOL_SOCKET, nl.SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)) {
        this.#option(nl.SOL_SOCKET, nl.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
      }
      const address = new Uint8Array(12);
      address[0] = nl.AF_NETLINK;
      check(libc.bind(this.#fd.number, address, address.length), "bind AF_NETLINK");
      for (const group of groups) this.#option(nl.SOL_NETLINK, nl.NETLINK_ADD_MEMBERSHIP, group);
    } catch (error) {
      this.#fd.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#fd.number;
  }

  /** Sends one request and waits for its acknowledgement. */
  request(type: number, flags: number, write: (writer: MessageWriter) => void): Refused | undefined {
    return this.batch([{ type, flags, write }]);
  }

  /**
   * Sends requests in one datagram, each with an acknowledgement of its own. The kernel carries
   * out all of them, those after a refused one too; the first refusal is returned. For requests
   * that stand or fall together. Throws RangeError for more than the buffer takes.
   */
  batch(requests: readonly Request[]): Refused | undefined {
    const writer = this.#writer;
    const first = this.#sequence;
    this.#sequence += requests.length;
    writer.clear();
    requests.forEach(({ type, flags, write }, place) => {
      writer.begin(type, flags | nl.NLM_F_REQUEST | nl.NLM_F_ACK, first + place);
      write(writer);
      writer.end();
    });
    return this.#exchange(writer, first, requests.length);
  }

  /**
   * Asks for one object or, with NLM_F_DUMP, for all, and visits each. A dump that the kernel marks
   * as interrupted by a change starts again: `begin` is called before each try. Throws KernelError.
   */
  dump(
    operation: string,
    type: number,
    write: (writer: MessageWriter) => void,
    begin: () => void,
    visit: DumpVisitor,
  ): void {
    for (let attempt = 1; ; attempt++) {
      begin();
      const writer = this.#writer;
      const sequence = this.#sequence++;
      writer.clear();
      writer.begin(type, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, sequence);
      write(writer);
      writer.end();
      this.#send(writer);
      if (this.#readDump(operation, sequence, visit) || attempt === MOST_DUMP_TRIES) return;
    }
  }

  /** Asks for one object; the answer is visited. */
  get(type: number, write: (writer: MessageWriter) => void, visit: DumpVisitor): Refused | undefined {
    const writer = this.#writer;
    const sequence = this.#sequence++;
    writer.clear();
    // With an acknowledgement behind the answer, success and failure end alike. Traffic control
    // answers to those alone who ask for an echo.
    writer.begin(type, nl.NLM_F_REQUEST | nl.NLM_F_ACK | nl.NLM_F_ECHO, sequence);
    write(writer);
    writer.end();
    return this.#exchange(writer, sequence, 1, visit);
  }

  /**
   * Visits the notifications that wait. False when the kernel had to throw some away (ENOBUFS):
   * what is known is stale then.
   */
  readNotifications(visit: DumpVisitor): boolean {
    let complete = true;
    for (;;) {
      const length = libc.recv(this.#fd.number, this.#received, this.#received.length, nl.MSG_DONTWAIT);
      if (length >= 0) {
        this.#eachMessage(length, (type, _sequence, _flags, start, end) => visit(type, this.#view, start, end));
        continue;
      }
      const number = errno();
      if (number === EAGAIN) return complete;
      if (number === ENOBUFS) complete = false;
      else if (number !== EINTR) throw new KernelError("recv AF_NETLINK", errnoName(number), errnoWords(number));
    }
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }

  #send(writer: MessageWriter): void {
    check(libc.sendto(this.#fd.number, writer.buffer, writer.length, 0, null, 0), "send AF_NETLINK");
  }

  #exchange(writer: MessageWriter, first: number, count: number, visit?: DumpVisitor): Refused | undefined {
    this.#send(writer);
    let refused: Refused | undefined;
    for (let waiting = count; waiting > 0; ) {
      const length = this.#receive();
      this.#eachMessage(length, (type, sequence, flags, start, end) => {
        // Acknowledgements of an exchange that an exception cut short have lower numbers.
        if (sequence < first || sequence >= first + count) return;
        if (type !== nl.NLMSG_ERROR) {
          visit?.(type, this.#view, start, end);
          return;
        }
        waiting--;
        const number = -this.#view.getInt32(start, true);
        if (number !== 0 && refused === undefined) {
          refused = { index: sequence - first, ...this.#refusal(number, flags, start, end) };
        }
      });
    }
    return refused;
  }

  #readDump(operation: string, sequence: number, visit: DumpVisitor): boolean {
    let whole = true;
    const failures: unknown[] = [];
    // Read to the end whatever happens: the kernel refuses a new dump while one is under way.
    for (let done = false; !done; ) {
      const length = this.#receive();
      this.#eachMessage(length, (type, number, flags, start, end) => {
        if (number !== sequence) return;
        if ((flags & nl.NLM_F_DUMP_INTR) !== 0) whole = false;
        if (type === nl.NLMSG_DONE || type === nl.NLMSG_ERROR) {
          done = true;
          const failure = end - start >= 4 ? -this.#view.getInt32(start, true) : 0;
          if (failure === 0) return;
          // NLMSG_DONE has no copy of the request's header before its attributes.
          const before = type === nl.NLMSG_DONE ? start - MESSAGE_HEADER_BYTES : start;
          const refusal = this.#refusal(failure, flags, before, end);
          failures.push(new KernelError(operation, refusal.errno, refusal.words));
        } else if (failures.length === 0) {
          try {
            visit(type, this.#view, start, end);
          } catch (error) {
            failures.push(error);
          }
        }
      });
    }
    if (failures.length > 0) throw failures[0];
    return whole;
  }

  /** The kernel's words stand in attributes behind the error number and the header of the request. */
  #refusal(number: number, flags: number, start: number, end: number): { errno: string; words: string } {
    let words = errnoWords(number);
    if ((flags & nl.NLM_F_ACK_TLVS) !== 0) {
      const cursor = new AttributeCursor(this.#view, start + 4 + MESSAGE_HEADER_BYTES, end);
      while (cursor.next()) if (cursor.type === nl.NLMSGERR_ATTR_MSG) words = cursor.text;
    }
    return { errno: errnoName(number), words };
  }

  #receive(): number {
    for (;;) {
      const length = libc.recv(this.#fd.number, this.#received, this.#received.length, nl.MSG_DONTWAIT);
      if (length >= 0) return length;
      const number = errno();
      if (number !== EINTR) throw new KernelError("recv AF_NETLINK", errnoName(number), errnoWords(number));
    }
  }

  #eachMessage(
    length: number,
    visit: (type: number, sequence: number, flags: number, start: number, end: number) => void,
  ): void {
    for (let at = 0; at + MESSAGE_HEADER_BYTES <= length; ) {
      const size = this.#view.getUint32(at, true);
      if (size < MESSAGE_HEADER_BYTES || at + size > length) return;
      visit(
        this.#view.getUint16(at + 4, true),
        this.#view.getUint32(at + 8, true),
        this.#view.getUint16(at + 6, true),
        at + MESSAGE_HEADER_BYTES,
        at + size,
      );
      at += (size + 3) & ~3;
    }
  }

  #option(level: number, option: number, value: number): void {
    if (!this.#tryOption(level, option, value)) check(-1, `setsockopt AF_NETLINK ${option}`);
  }

  #tryOption(level: number, option: number, value: number): boolean {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return libc.setsockopt(this.#fd.number, level, option, bytes, 4) === 0;
  }
}

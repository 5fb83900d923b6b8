import type { LinkEvent } from "../kernel.ts";
import { FdWatcher } from "../libc/fd-watcher.ts";
import { RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK } from "../netlink/constants.ts";
import { decodeLink } from "../netlink/link-codec.ts";
import { NetlinkSocket } from "../netlink/netlink-socket.ts";
import type { KernelReader } from "./kernel-reader.ts";

/** Turns the kernel's link notifications in the thread's namespace into events. */
export class LinkWatcher implements Disposable {
  readonly #socket: NetlinkSocket;
  readonly #watch: FdWatcher;
  readonly #reader: KernelReader;
  readonly #listener: (event: LinkEvent) => void;

  constructor(reader: KernelReader, listener: (event: LinkEvent) => void) {
    this.#reader = reader;
    this.#listener = listener;
    this.#socket = new NetlinkSocket([RTNLGRP_LINK]);
    this.#watch = new FdWatcher(this.#socket.fd, () => this.#read());
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }

  #read(): void {
    // Collected first: a listener may dispose of this watcher, and the buffer is read over and over.
    const events: LinkEvent[] = [];
    const complete = this.#socket.readNotifications((type, view, start, end) => {
      if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return;
      const message = decodeLink(view, start, end);
      const { name, ifindex } = message.link;
      events.push(
        type === RTM_NEWLINK
          ? { kind: "changed", link: this.#reader.complete(message) }
          : { kind: "deleted", name, ifindex },
      );
    });
    if (!complete) events.push({ kind: "overrun" });
    for (const event of events) this.#listener(event);
  }
}

import { expect, test } from "vitest";
import { TC_ROOT, tcHandle } from "../kernel-op.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { createNamespace, deleteNamespace } from "../namespace/named-namespaces.ts";
import { writeHtbClass } from "./class-codec.ts";
import * as nl from "./constants.ts";
import { writeLinkQuery } from "./link-codec.ts";
import { NetlinkSocket, type Request } from "./netlink-socket.ts";
import { writeQdisc } from "./qdisc-codec.ts";

const NAME = "gona-k-socket";
/** `lo`, in a namespace of its own. */
const LOOPBACK = 1;

function withSocket(work: (socket: NetlinkSocket) => void): void {
  deleteNamespace(NAME);
  createNamespace(NAME);
  try {
    using socket = inNamespace(NAME, () => new NetlinkSocket());
    work(socket);
  } finally {
    deleteNamespace(NAME);
  }
}
const REPLACE = nl.NLM_F_CREATE | nl.NLM_F_REPLACE;
const root: Request = {
  type: nl.RTM_NEWQDISC,
  flags: REPLACE,
  write: (w) => {
    const qdisc = { kind: "htb", defaultMinor: 1, directQueueLength: 10 } as const;
    writeQdisc(w, LOOPBACK, TC_ROOT, tcHandle(1, 0), qdisc);
  },
};
const cls = (minor: number, bytesPerSecond = 1e9): Request => ({
  type: nl.RTM_NEWTCLASS,
  flags: REPLACE,
  write: (w) =>
    writeHtbClass(w, LOOPBACK, tcHandle(1, 0), tcHandle(1, minor), {
      rateBytesPerSecond: bytesPerSecond,
      ceilBytesPerSecond: 1e9,
      bufferTicks: 1000,
      cbufferTicks: 1000,
      quantumBytes: 60_000,
      priority: 0,
    }),
});
function count(socket: NetlinkSocket): number {
  let classes = 0;
  socket.dump(
    "tc class show",
    nl.RTM_GETTCLASS,
    (w) => w.u32(0).u32(LOOPBACK).u32(0).u32(0).u32(0),
    () => {
      classes = 0;
    },
    () => classes++,
  );
  return classes;
}

test("a batch is acknowledged request by request, and the first refusal is known by its place", () =>
  withSocket((socket) => {
    expect(socket.batch([root, ...Array.from({ length: 500 }, (_, i) => cls(i + 1))])).toBeUndefined();
    expect(count(socket)).toBe(500);
    // The kernel goes on after the refused one: that is why operations in order are sent one by one.
    expect(socket.batch([cls(600), cls(601, 0), cls(602, 0), cls(603)])).toMatchObject({ index: 1, errno: "EINVAL" });
    expect(count(socket)).toBe(502);
  }));

test("a dump far larger than one receive buffer is read to its end", () =>
  withSocket((socket) => {
    socket.request(root.type, root.flags, root.write);
    for (let i = 0; i < 3000; i += 500) socket.batch(Array.from({ length: 500 }, (_, j) => cls(i + j + 1)));
    expect(count(socket)).toBe(3000);
  }));

test("a throw while a dump is visited leaves the socket usable", () =>
  withSocket((socket) => {
    socket.batch([root, ...Array.from({ length: 400 }, (_, i) => cls(i + 1))]);
    const fail = () => {
      throw new Error("visitor");
    };
    const visit = () =>
      socket.dump(
        "tc",
        nl.RTM_GETTCLASS,
        (w) => w.u32(0).u32(LOOPBACK).u32(0).u32(0).u32(0),
        () => {},
        fail,
      );
    expect(visit).toThrow("visitor");
    expect(count(socket)).toBe(400);
  }));

test("a dump of something that is not there is refused in the kernel's words", () =>
  withSocket((socket) => {
    const visit = () =>
      socket.dump(
        "ip link show",
        nl.RTM_GETLINK,
        (w) => writeLinkQuery(w, 4711),
        () => {},
        () => {},
      );
    expect(visit).toThrow(/^ip link show: EINVAL \(.*\)$/);
    expect(
      socket.get(
        nl.RTM_GETLINK,
        (w) => writeLinkQuery(w, 4711),
        () => {},
      ),
    ).toMatchObject({ errno: "ENODEV" });
  }));

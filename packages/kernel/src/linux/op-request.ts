import type { KernelOp } from "../kernel-op.ts";
import { writeHtbClass } from "../netlink/class-codec.ts";
import * as nl from "../netlink/constants.ts";
import { writeBpfFilter, writeFilterDelete } from "../netlink/filter-codec.ts";
import { writeLinkChange, writeLinkDelete } from "../netlink/link-codec.ts";
import type { Request } from "../netlink/netlink-socket.ts";
import { writeQdisc } from "../netlink/qdisc-codec.ts";
import { writeTcHeader } from "../netlink/tc-header.ts";
import { writeVfChange } from "../netlink/vf-codec.ts";

/** Operations that are one request about one link. */
export type LinkOp = Exclude<
  KernelOp,
  { op: "vethCreate" | "vethPairCreate" | "macvtapCreate" | "linkMove" | "mapPut" | "mapDelete" }
>;

const REPLACE = nl.NLM_F_CREATE | nl.NLM_F_REPLACE;

/** The rtnetlink request of an operation. `programFd` looks a BPF program up; it may throw. */
export function opRequest(op: LinkOp, ifindex: number, programFd: (name: string) => number): Request {
  switch (op.op) {
    case "linkDelete":
      return { type: nl.RTM_DELLINK, flags: 0, write: (writer) => writeLinkDelete(writer, ifindex) };
    case "linkSet":
      return { type: nl.RTM_NEWLINK, flags: 0, write: (writer) => writeLinkChange(writer, ifindex, op) };
    case "qdiscReplace":
      return {
        type: nl.RTM_NEWQDISC,
        flags: REPLACE,
        write: (writer) => writeQdisc(writer, ifindex, op.parent, op.handle, op.qdisc),
      };
    case "qdiscDelete":
      return {
        type: nl.RTM_DELQDISC,
        flags: 0,
        write: (writer) => writeTcHeader(writer, ifindex, op.handle, op.parent),
      };
    case "classReplace":
      return {
        type: nl.RTM_NEWTCLASS,
        flags: REPLACE,
        write: (writer) => writeHtbClass(writer, ifindex, op.parent, op.classid, op.htb),
      };
    case "classDelete":
      return { type: nl.RTM_DELTCLASS, flags: 0, write: (writer) => writeTcHeader(writer, ifindex, op.classid, 0) };
    case "filterReplace": {
      const fd = programFd(op.program);
      return {
        type: nl.RTM_NEWTFILTER,
        flags: REPLACE,
        write: (writer) =>
          writeBpfFilter(writer, ifindex, {
            hook: op.hook,
            preference: op.preference,
            programFd: fd,
            name: op.program,
            classid: op.classid,
          }),
      };
    }
    case "vfSet":
      return { type: nl.RTM_NEWLINK, flags: 0, write: (writer) => writeVfChange(writer, ifindex, op) };
    case "filterDelete":
      return {
        type: nl.RTM_DELTFILTER,
        flags: 0,
        write: (writer) => writeFilterDelete(writer, ifindex, op.preference),
      };
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { addressOf, check, libc } from "@gona/kernel";
import { type UdpFlow, udpFrame } from "./udp-frame.ts";

/**
 * Sends 64-byte UDP frames as fast as one core can: `blaster-main.ts LINK MILLISECONDS FLOWS` with
 * FLOWS as JSON (UdpFlow[], sent in turn). Runs as a process inside a namespace, pinned by taskset.
 * A packet socket without a qdisc, 64 frames a system call: the sender costs little beside the
 * path, so that the path is what is measured.
 *
 * Says what was sent, and the processor time of it: this process's own, which has in it what the kernel does with
 * a packet on the sender's CPU (soft interrupts are charged to whom they interrupt), and that of all ksoftirqd.
 */
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const BATCH = 64;
/** struct mmsghdr of a 64-bit ABI: struct msghdr (56 bytes), msg_len, padding. */
const HEADER_BYTES = 64;
const IOVEC_AT = 16;
const IOVEC_COUNT_AT = 24;

function packetSocket(ifindex: number): number {
  const fd = check(libc.socket(AF_PACKET, SOCK_RAW, 0), "socket packet");
  check(libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, new Uint8Array([1, 0, 0, 0]), 4), "PACKET_QDISC_BYPASS");
  const address = new Uint8Array(20); // struct sockaddr_ll
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setInt32(4, ifindex, true);
  check(libc.bind(fd, address, address.length), `bind to link ${ifindex}`);
  return fd;
}

const [link = "", milliseconds = "", flows = "[]", others = "[]"] = process.argv.slice(2);
const ifindex = libc.if_nametoindex(link);
if (ifindex === 0) throw new Error(`no link ${link} in this namespace`);
const fd = packetSocket(ifindex);
const frames = (JSON.parse(flows) as UdpFlow[]).map(udpFrame);
const iovecs = frames.map((frame) => new BigUint64Array([addressOf(frame), BigInt(frame.length)]));
const headers = new Uint8Array(BATCH * HEADER_BYTES);
const view = new DataView(headers.buffer);
for (let n = 0; n < BATCH; n++) {
  const iovec = iovecs[n % iovecs.length] as BigUint64Array;
  view.setBigUint64(n * HEADER_BYTES + IOVEC_AT, addressOf(new Uint8Array(iovec.buffer)), true);
  view.setBigUint64(n * HEADER_BYTES + IOVEC_COUNT_AT, 1n, true);
}

/** Nanoseconds on a CPU, by the scheduler's own clock: of a process's threads, pid or `self`. */
const cpuNsOf = (pid: string): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
    .reduce((sum, each) => sum + each, 0);
const softirqThreads = readdirSync("/proc").filter((name) => {
  try {
    return /^\d+$/.test(name) && readFileSync(`/proc/${name}/comm`, "utf8").startsWith("ksoftirqd/");
  } catch {
    return false; // it ended meanwhile
  }
});
const counted = ["self", ...softirqThreads, ...(JSON.parse(others) as number[]).map(String)];
const cpuNs = (): number => counted.map(cpuNsOf).reduce((sum, each) => sum + each, 0);

const cpuBefore = cpuNs();
const begin = performance.now();
const until = begin + Number(milliseconds);
let sent = 0;
// A full queue on the way (ENOBUFS) returns -1: sending goes on, and the far end counts.
while (performance.now() < until) sent += Math.max(0, libc.sendmmsg(fd, headers, BATCH, 0));
const seconds = (performance.now() - begin) / 1000;
process.stdout.write(`${JSON.stringify({ sentPackets: sent, seconds, cpuNs: cpuNs() - cpuBefore })}\n`);

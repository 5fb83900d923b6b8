import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BpfMap, type BpfObject, loadBpfObject } from "@gona/kernel";
import type { LabBed } from "../../bed/lab-bed.ts";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import { runCommand, runInside } from "../../bed/run-command.ts";

const SOURCE = join(REPOSITORY, "bpf/bench_order.bpf.c");
const OBJECT = join(REPOSITORY, "build/bpf/bench_order.bpf.o");

/** struct bench_order of bpf/bench_order.bpf.c, and what the peer's TCP says. */
export interface Order {
  readonly packets: number;
  /** How often a flow changed its slice. */
  readonly moves: number;
  /** Overtaken by a packet of another slice; of TCP also what was sent once more. */
  readonly lateAcross: number;
  readonly lateWithin: number;
  /** Of those that were overtaken across: how long after the first packet that overtook them, together. */
  readonly lateMs: number;
}

export interface Orders {
  readonly udp: Order;
  readonly tcp: Order;
  /** TcpExt TCPOFOQueue of the peer: segments that had to wait for one before them. */
  readonly outOfOrder: number;
  /** Tcp RetransSegs of the guest. */
  readonly retransmitted: number;
}

/** Books at a peer's link how often flows changed their slice, and what was overtaken. */
export class OrderBook implements Disposable {
  readonly #object: BpfObject;
  readonly #orders: BpfMap;
  readonly #guest: string;
  readonly #peer: string;

  private constructor(object: BpfObject, guest: string, peer: string) {
    this.#object = object;
    this.#orders = object.map("bench_orders");
    this.#guest = guest;
    this.#peer = peer;
  }

  /** Throws GonaError. */
  static async attach(bed: LabBed, guest: string, peer: string): Promise<OrderBook> {
    if (existsSync(SOURCE)) {
      const { buildBpf } = await import("../../../../../scripts/build-bpf.mjs");
      buildBpf({ source: SOURCE, output: OBJECT });
    }
    const object = loadBpfObject(OBJECT);
    const { netns, links } = bed.station(peer);
    const pins = join(bed.paths.bpf, "order");
    mkdirSync(pins, { recursive: true });
    const program = object.program("bench_order_in");
    program.pin(join(pins, program.name));
    const link = links[0]?.name ?? "eth0";
    const lines = [
      `qdisc replace dev ${link} clsact`,
      `filter replace dev ${link} ingress protocol all prio 1 handle 1 bpf direct-action object-pinned ${join(pins, program.name)}`,
    ];
    await runCommand("tc", ["-n", netns, "-batch", "-"], `${lines.join("\n")}\n`);
    return new OrderBook(object, bed.station(guest).netns, netns);
  }

  async read(): Promise<Orders> {
    const [udp, tcp] = [0, 1].map((index) => decode(this.#orders.get(Uint8Array.of(index, 0, 0, 0))));
    return {
      udp: udp as Order,
      tcp: tcp as Order,
      outOfOrder: counterOf(await runInside(this.#peer, "cat", ["/proc/self/net/netstat"]), "TcpExt", "TCPOFOQueue"),
      retransmitted: counterOf(await runInside(this.#guest, "cat", ["/proc/self/net/snmp"]), "Tcp", "RetransSegs"),
    };
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

/** What came between two readings. */
export function ordersBetween(before: Orders, after: Orders): Orders {
  const order = (from: Order, to: Order): Order => ({
    packets: to.packets - from.packets,
    moves: to.moves - from.moves,
    lateAcross: to.lateAcross - from.lateAcross,
    lateWithin: to.lateWithin - from.lateWithin,
    lateMs: to.lateMs - from.lateMs,
  });
  return {
    udp: order(before.udp, after.udp),
    tcp: order(before.tcp, after.tcp),
    outOfOrder: after.outOfOrder - before.outOfOrder,
    retransmitted: after.retransmitted - before.retransmitted,
  };
}

function decode(value: Uint8Array | undefined): Order {
  if (value === undefined) throw new RangeError("the book has no such entry");
  const view = new DataView(value.buffer, value.byteOffset);
  const at = (offset: number): number => Number(view.getBigUint64(offset, true));
  return { packets: at(0), moves: at(8), lateAcross: at(16), lateWithin: at(24), lateMs: at(32) / 1e3 };
}

/** One counter of /proc/net/netstat or snmp: a line of names, then one of values, both with the group's name before. */
export function counterOf(text: string, group: string, name: string): number {
  const [names = [], values = []] = text
    .split("\n")
    .filter((line) => line.startsWith(`${group}:`))
    .map((line) => line.split(/\s+/));
  const value = Number(values[names.indexOf(name)]);
  if (names.indexOf(name) < 0 || Number.isNaN(value))
    throw new RangeError(`the kernel has no counter ${group} ${name}`);
  return value;
}

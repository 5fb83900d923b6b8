import { megabitsPerSecond } from "@gona/model";
import { runCommand } from "../../bed/run-command.ts";
import type { BenchSpec } from "../qos-bed/bench-spec.ts";
import { QosBed } from "../qos-bed/qos-bed.ts";

export const NIC = "eth1";
const ETHERNET_BYTES = 1514;
/** Of full frames, so much of the limit: far more than fq_codel lets wait. */
const ROOM_MS = 100;

export interface Leaf {
  readonly name: string;
  /** Lines of `tc -batch` that put it below class 1:10, which has nothing but its default. */
  readonly lines: (megabits: number) => readonly string[];
}

const fqCodel = (megabits: number): string => {
  const packets = Math.max(64, Math.ceil((megabitsPerSecond(megabits) * ROOM_MS) / 8e3 / ETHERNET_BYTES));
  return `fq_codel limit ${packets} target 5ms interval 100ms ecn`;
};

export const PLAIN: Leaf = { name: "HTB", lines: () => [] };

export const FQ_CODEL: Leaf = {
  name: "HTB with fq_codel",
  lines: (megabits) => [`qdisc add dev ${NIC} parent 1:10 handle 10: ${fqCodel(megabits)}`],
};

/** A bridge with one HTB class on the NIC, of the bucket that GONA found exact, whose leaf can be changed. */
export async function htbBed(spec: BenchSpec): Promise<QosBed> {
  return await QosBed.bridged("bench-queues-htb", spec, "each");
}

/** Throws KERNEL_REFUSED where this kernel has not the leaf. */
export async function setLeaf({ hub }: QosBed, leaf: Leaf, megabits: number): Promise<void> {
  const rate = megabitsPerSecond(megabits);
  const lines = [
    `qdisc replace dev ${NIC} root pfifo limit 1000`,
    `qdisc replace dev ${NIC} root handle 1: htb default 10`,
    `class add dev ${NIC} parent 1: classid 1:10 htb rate ${rate}bit burst ${Math.max(2 * ETHERNET_BYTES, Math.ceil(rate / 1600))}b`,
    ...leaf.lines(megabits),
  ];
  await runCommand("tc", ["-n", hub, "-batch", "-"], `${lines.join("\n")}\n`);
}

import { megabitsPerSecond } from "@gona/model";
import { runCommand } from "../../bed/run-command.ts";
import type { BenchSpec } from "../qos-bed/bench-spec.ts";
import { QosBed } from "../qos-bed/qos-bed.ts";

export const NIC = "eth1";
const ETHERNET_BYTES = 1514;

/** A bridge with one HTB class on the NIC, of the bucket that GONA found exact, and the leaf that HTB gives it. */
export async function htbBed(spec: BenchSpec, megabits: number): Promise<QosBed> {
  const bed = await QosBed.bridged("bench-queues-htb", spec, "each");
  const rate = megabitsPerSecond(megabits);
  const lines = [
    `qdisc replace dev ${NIC} root handle 1: htb default 10`,
    `class add dev ${NIC} parent 1: classid 1:10 htb rate ${rate}bit burst ${Math.max(2 * ETHERNET_BYTES, Math.ceil(rate / 1600))}b`,
  ];
  await runCommand("tc", ["-n", bed.hub, "-batch", "-"], `${lines.join("\n")}\n`);
  return bed;
}

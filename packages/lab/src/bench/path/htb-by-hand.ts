import { runInside } from "../../bed/run-command.ts";
import { NIC } from "./topology.ts";

/** As deep as GONA's tree and set as well: a root, one class, a byte-limited leaf; far above what passes. */
const LINES = [
  `qdisc add dev ${NIC} root handle 1: htb default 10`,
  `class add dev ${NIC} parent 1: classid 1:1 htb rate 100gbit ceil 100gbit burst 64m cburst 64m quantum 65536`,
  `class add dev ${NIC} parent 1:1 classid 1:10 htb rate 50gbit ceil 100gbit burst 32m cburst 64m quantum 65536`,
  `qdisc add dev ${NIC} parent 1:10 handle 10: bfifo limit 64m`,
];

/** On the NIC, in the namespace where it is. */
export async function addHtb(netns: string): Promise<void> {
  for (const line of LINES) await runInside(netns, "tc", line.split(" "));
}

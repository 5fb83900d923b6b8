import { runInside } from "../../bed/run-command.ts";
import { PEER_ADDRESS } from "../qos-bed/bench-spec.ts";
import type { QosBed } from "../qos-bed/qos-bed.ts";

const LINE = /^\d+ +\d+ +\S+ +\S+:(?<port>\d+) .*?\bbytes_received:(?<bytes>\d+)/gm;

/** Bytes that the peer has received of each TCP connection, by the sender's port. Throws GonaError without ss. */
export async function flowBytes({ bed }: QosBed): Promise<ReadonlyMap<number, number>> {
  const { netns } = bed.station("peer");
  return parseFlows(await runInside(netns, "ss", ["-tinHO", "state", "established", "src", PEER_ADDRESS]));
}

/** One connection a line, as `ss -tinHO` prints them; the second address of a line is the sender's. */
export function parseFlows(text: string): ReadonlyMap<number, number> {
  const flows = new Map<number, number>();
  for (const { groups } of text.matchAll(LINE)) flows.set(Number(groups?.port), Number(groups?.bytes));
  return flows;
}

/** What each flow got between two readings; a flow that is not in both counts as 0. */
export const gained = (before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number[] =>
  [...after].map(([port, bytes]) => bytes - (before.get(port) ?? bytes));

import { runCommand } from "./run-command.ts";

/** An address that a machine can send to, and the MAC that it learnt for it. */
export interface KnownNeighbour {
  readonly address: string;
  readonly mac: string;
}

/** The ARP and ND tables of a namespace, without what was asked for and not answered. */
export async function neighbourTable(netns: string): Promise<readonly KnownNeighbour[]> {
  const shown = await runCommand("ip", ["-n", netns, "-json", "neighbour", "show"]);
  // Nothing at all where the table is empty, with some versions of iproute2.
  const entries = JSON.parse(shown.trim() || "[]") as { dst: string; lladdr?: string; state?: readonly string[] }[];
  return entries.flatMap(({ dst, lladdr, state = [] }) =>
    lladdr === undefined || state.includes("FAILED") ? [] : [{ address: dst, mac: lladdr }],
  );
}

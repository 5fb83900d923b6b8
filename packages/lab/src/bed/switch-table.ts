import type { PlannedSwitch, SwitchPort } from "./bed-plan.ts";
import { runCommand } from "./run-command.ts";

/** A MAC and the port that a switch would send its frames to. */
export interface LearntMac {
  readonly mac: string;
  readonly port: SwitchPort["leadsTo"];
}

interface FdbEntry {
  readonly mac: string;
  readonly ifname: string;
  readonly master?: string;
  readonly state?: string;
}

/** Of a bridge. */
export async function switchTable(found: PlannedSwitch): Promise<readonly LearntMac[]> {
  const entries = JSON.parse(await runCommand("bridge", ["-n", found.netns, "-json", "fdb", "show"])) as FdbEntry[];
  const ports = new Map(found.ports.map((port) => [port.link, port.leadsTo]));
  return entries.flatMap(({ mac, ifname, master, state }) => {
    const port = ports.get(ifname);
    // `permanent` are the ports' own addresses; entries without a master are the link's filters.
    return port === undefined || master === undefined || state === "permanent" ? [] : [{ mac, port }];
  });
}

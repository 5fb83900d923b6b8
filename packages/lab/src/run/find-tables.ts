import type { GonaClient } from "@gona/api";
import { GonaError } from "@gona/model";
import type { LabBed } from "../bed/lab-bed.ts";
import { neighbourTable } from "../bed/neighbour-table.ts";
import type { LearntMac } from "../bed/switch-table.ts";
import { waitUntil } from "../bed/wait-until.ts";
import type { Expectation } from "../scenario/scenario.ts";
import type { TablesFinding } from "./judge-tables.ts";

/** Announcements are said twice, 0.2 s apart, and a peer's table is written when it is scheduled. */
const PATIENCE_MS = 5000;

type Asked = Extract<Expectation, { kind: "tables" }>;

/** Looks at the tables of all peers and of their switches until they are right, for some seconds; then tells what is not. */
export async function findTables(bed: LabBed, client: GonaClient, asked: Asked): Promise<TablesFinding> {
  let last: TablesFinding = { entries: 0, faults: ["nobody looked"] };
  try {
    return await waitUntil(
      "the tables are right",
      async () => {
        last = await look(bed, client, asked);
        return last.faults.length === 0 ? last : undefined;
      },
      { withinMs: PATIENCE_MS, everyMs: 200 },
    );
  } catch (error) {
    if (error instanceof GonaError && error.code === "SCENARIO_FAILED") return last;
    throw error;
  }
}

async function look(bed: LabBed, client: GonaClient, { guest, by }: Asked): Promise<TablesFinding> {
  const slices = (await client.slices()).filter((slice) => slice.guest === guest && slice.direction === "egress");
  const addresses = new Set(
    bed.station(guest).links.flatMap((link) => link.addresses.map((address) => address.split("/")[0])),
  );
  const faults: string[] = [];
  let entries = 0;
  for (const { fabric, ports } of bed.plan.switches) {
    const learnt = await bed.switchTable(fabric);
    for (const { leadsTo } of ports) {
      if (leadsTo.kind !== "peer") continue;
      for (const { address, mac } of await neighbourTable(bed.station(leadsTo.peer).netns)) {
        if (!addresses.has(address)) continue;
        entries += 1;
        // NICs of one bundle share the guest's own MAC.
        const own = slices.filter((slice) => slice.mac === mac).map(({ nic }) => nic);
        if (own.length === 0) faults.push(`${leadsTo.peer} has ${address} at ${mac}, no MAC of its slices`);
        else faults.push(...faultsBehind(mac, learnt, by ?? own));
      }
    }
  }
  return { entries, faults: entries === 0 ? ["no peer knows it"] : faults };
}

function faultsBehind(mac: string, learnt: readonly LearntMac[], nics: readonly string[]): string[] {
  const places = learnt.filter((entry) => entry.mac === mac).map(({ port }) => placeOf(port));
  if (places.length === 0) return [`the switch does not know ${mac}`];
  return places
    .filter((place) => !nics.includes(place))
    .map((place) => `the switch has ${mac} behind ${place}, not ${nics.join(", ")}`);
}

const placeOf = (port: LearntMac["port"]): string => (port.kind === "nic" ? port.nic : port.peer);

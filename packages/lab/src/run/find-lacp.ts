import type { GonaClient } from "@gona/api";
import { GonaError } from "@gona/model";
import { portOf, switchOf } from "../bed/bed-plan.ts";
import type { LabBed } from "../bed/lab-bed.ts";
import { BUNDLE } from "../bed/ovs-ports.ts";
import { waitUntil } from "../bed/wait-until.ts";
import type { Expectation } from "../scenario/scenario.ts";
import type { LacpFinding } from "./judge-lacp.ts";

/** Some time-outs of LACP's fast rate, 3 s each. */
const PATIENCE_MS = 15_000;
/** The state in which the switch, too, has to have taken the port. */
const IN_USE = "distributing";
const TAKEN = "current attached";

type Asked = Extract<Expectation, { kind: "lacp" }>;

/** Asks the daemon, and of a port in use the switch as well, until they say what they should, for some seconds. */
export async function findLacp(bed: LabBed, client: GonaClient, asked: Asked): Promise<LacpFinding> {
  let last: LacpFinding = { kept: false, said: "nobody answered" };
  try {
    return await waitUntil(
      `LACP on ${asked.nic}`,
      async () => {
        last = await ask(bed, client, asked);
        return last.kept ? last : undefined;
      },
      { withinMs: PATIENCE_MS, everyMs: 200 },
    );
  } catch (error) {
    if (error instanceof GonaError && error.code === "SCENARIO_FAILED") return last;
    throw error;
  }
}

async function ask(bed: LabBed, client: GonaClient, { nic, state, problem }: Asked): Promise<LacpFinding> {
  const found = (await client.nics()).find(({ name }) => name === nic)?.lacp;
  const ours = [found?.state ?? "no LACP", ...(found?.problem === undefined ? [] : [found.problem])].join(", ");
  const agrees =
    (state === undefined || found?.state === state) && (problem === undefined || found?.problem === problem);
  if (state !== IN_USE || !agrees) return { kept: agrees, said: ours };
  const { fabric, link } = portOf(bed.plan, nic);
  const how = switchOf(bed.plan, fabric).ovs;
  if (how === undefined || how.lacp === "off") return { kept: agrees, said: ours };
  const theirs = (await bed.ovs(fabric).lacp(BUNDLE)).get(link) ?? "no such member";
  return { kept: theirs === TAKEN, said: `${ours}; the switch: ${theirs}` };
}

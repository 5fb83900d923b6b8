import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import type { ProbeMessage, RttWindow } from "../../traffic/probe-messages.ts";
import { PEER_ADDRESS } from "../qos-bed/bench-spec.ts";
import type { QosBed } from "../qos-bed/qos-bed.ts";

const PROGRAM = join(REPOSITORY, "packages/lab/src/traffic/probe-main.ts");
const PORT = "7001";
/** An emulated machine has other work than to ask. */
const PER_SECOND = SLOWNESS > 1 ? 50 : 500;
/** A full default queue is seconds long: an answer that late is still counted. */
const PATIENCE_MS = 10_000;

/** Answers at the peer, until the bed goes. Throws SCENARIO_FAILED. */
export async function startEcho({ bed }: QosBed): Promise<void> {
  let ready = false;
  const args = [PROGRAM, "echo", "--address", PEER_ADDRESS, "--port", PORT];
  const child = bed.spawn({
    name: "echo",
    netns: bed.station("peer").netns,
    command: process.execPath,
    args,
    onLine: () => {
      ready = true;
    },
  });
  await waitUntil("the echo is ready", () => (ready ? true : undefined), {
    withinMs: 30_000,
    why: () => child.logTail(),
  });
}

/** Small datagrams from a guest to the peer and back, one at a time, for so long. Throws SCENARIO_FAILED without an answer. */
export async function roundTrips({ bed }: QosBed, guest: string, lastsMs: number): Promise<RttWindow> {
  let last: RttWindow | undefined;
  const rate = ["--per-second", String(PER_SECOND), "--patience-ms", String(PATIENCE_MS)];
  const child = bed.spawn({
    name: "rtt",
    netns: bed.station(guest).netns,
    command: process.execPath,
    args: [PROGRAM, "rtt", "--address", PEER_ADDRESS, "--port", PORT, ...rate],
    onLine: (line) => {
      const message = JSON.parse(line) as ProbeMessage;
      if (message.kind === "rtt") last = message;
    },
  });
  await waitUntil("a first answer comes", () => (last === undefined ? undefined : true), {
    withinMs: PATIENCE_MS + lastsMs,
    why: () => child.logTail(),
  });
  await delay(lastsMs);
  child.closeInput();
  await Promise.race([child.ended, delay(1000)]);
  await child.stop("SIGKILL");
  if (last === undefined || last.answered === 0)
    throw new GonaError("SCENARIO_FAILED", `no answer came back to ${guest}:\n${child.logTail()}`);
  return last;
}

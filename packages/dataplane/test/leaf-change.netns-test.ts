import { execFileSync } from "node:child_process";
import { EMPTY_HUB, type HubState, plan } from "@gona/planner";
import { expect, test, vi } from "vitest";
import { readQueueCounters } from "../src/index.ts";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";

const NIC = "eth1";
const DATAGRAMS = 60;

/** A hub's NIC alone, whose default class has all of this capacity. */
const queuesAt = (capacity: string): HubState => {
  const spec = specOf(`
apiVersion: gona/v1
nics: [{ name: ${NIC}, capacity: ${capacity} }]
guests: []
`);
  return { ...EMPTY_HUB, trees: wantedOf(spec, { links: [NIC] }).trees };
};

/** From the hub itself, to a neighbour that is not there: what leaves the queue is counted, and that is all. */
function sendDatagrams(netns: string): void {
  const ip = (...words: string[]) => execFileSync("ip", ["-n", netns, ...words]);
  ip("address", "add", "10.9.0.1/24", "dev", NIC);
  ip("neighbour", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:99", "dev", NIC);
  const script = `
    const socket = require("node:dgram").createSocket("udp4");
    let left = ${DATAGRAMS};
    const sent = () => --left === 0 && socket.close();
    for (let n = left; n > 0; n--) socket.send(Buffer.alloc(1000), 9, "10.9.0.2", sent);`;
  execFileSync("nsenter", [`--net=/run/netns/${netns}`, process.execPath, "-e", script]);
}

// So slow that what is sent waits for half a minute: the machine may take its time between two steps.
test("what waits in a leaf leaves it also when its limit passes the threshold of cutting", async () => {
  using hub = await TestHub.make("leaf", [NIC]);
  using plane = hub.open();
  const [slow, fast] = [queuesAt("16kbit"), queuesAt("1Gbit")];
  expect([slow.trees.get(NIC)?.host?.leaf.kind, fast.trees.get(NIC)?.host?.leaf.kind]).toEqual(["segmenter", "fifo"]);
  await plane.execute(plan(plane.observe(), slow));
  sendDatagrams(hub.netns);
  const host = () => readQueueCounters(hub.kernel, NIC).host;
  expect(Number(host().backlogBytes)).toBeGreaterThan(30_000);
  await plane.execute(plan(plane.observe(), fast));
  expect(plane.observe()).toEqual(fast);
  await vi.waitFor(() => expect(host().backlogBytes).toBe(0n), { timeout: 60_000 });
  expect(Number(host().packets)).toBeGreaterThanOrEqual(DATAGRAMS);
  expect(host().drops).toBe(0n);
});

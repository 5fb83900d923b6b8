import { expect, test } from "vitest";
import { TapHolder } from "../../kernel/test/tap-holder.ts";
import { DaemonUnderTest } from "../src/bed/daemon-under-test.ts";
import { LabBed } from "../src/bed/lab-bed.ts";
import { ipBatch } from "../src/bed/run-command.ts";
import { waitUntil } from "../src/bed/wait-until.ts";
import { parseScenario } from "../src/scenario/parse-scenario.ts";

const SCENARIO = `apiVersion: gona-lab/v1
title: A tap with back-pressure
spec:
  apiVersion: gona/v1
  nics: [{ name: nic1, capacity: 1Gbit, fabric: rack }]
  guests:
    - name: vm1
      vif: { device: vnet0, mac: "52:54:00:77:00:01", addresses: [10.77.0.2] }
      aggregate: { slices: [{ nic: nic1, egress: { limit: 100Mbit } }] }
peers: [{ name: client, fabric: rack, addresses: [10.77.0.1/24] }]
traffic: [{ name: all, kind: tcp, from: vm1, to: client }]
phases: [{ title: Run, lasts: 9s, traffic: [all] }]
`;
/** 8 MB, 0.7 s at the limit: 25 times what the queue holds. */
const FRAMES = 6000;
const NO_LIMIT = `${2 ** 31 - 1}`;

/** A UDP datagram of 1,400 bytes from the guest to the peer, checksums left out, in hex. */
function frame(): string {
  const bytes = Buffer.alloc(42 + 1400);
  Buffer.from("060000000001525400770001080045", "hex").copy(bytes);
  bytes.writeUInt16BE(28 + 1400, 16);
  Buffer.from("00000000401100000a4d00020a4d0001", "hex").copy(bytes, 18);
  bytes.writeUInt16BE(ipChecksum(bytes.subarray(14, 34)), 24);
  bytes.writeUInt16BE(7000, 34);
  bytes.writeUInt16BE(7001, 36);
  bytes.writeUInt16BE(8 + 1400, 38);
  return bytes.toString("hex");
}

function ipChecksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const dropped = async ({ client }: DaemonUnderTest): Promise<number> =>
  (await client.status()).guests.flatMap(({ slices }) => slices).reduce((sum, { drops }) => sum + Number(drops), 0);

test("whoever holds a tap waits when the queue is full, and nothing is dropped; also after it is started anew", async () => {
  await using bed = await LabBed.build(parseScenario(SCENARIO, "inline", "tap-pressure"));
  await ipBatch(bed.plan.hub, ["link delete vnet0", "tuntap add vnet0 mode tap", "link set vnet0 up"]);
  const daemon = await DaemonUnderTest.start(bed);
  await using holder = new TapHolder(bed.plan.hub);
  const limited = async (): Promise<true | undefined> => ((await holder.do("sndbuf")) === NO_LIMIT ? undefined : true);

  await holder.do("open vnet0");
  await waitUntil("the tap is limited", limited, { withinMs: 60_000 });
  await holder.do(`write ${FRAMES} ${frame()}`);
  expect(await dropped(daemon), "with back-pressure").toBe(0);

  await holder.do("forget");
  // Unless the machine is so busy that the holder writes no faster than the queue drains.
  const write = async () => {
    await holder.do(`write ${FRAMES} ${frame()}`);
    return dropped(daemon);
  };
  await expect.poll(write, { message: "without" }).toBeGreaterThan(FRAMES / 10);
  const lost = await dropped(daemon);

  await holder.do("close");
  await holder.do("open vnet0");
  await waitUntil("the tap is limited again", limited, { withinMs: 60_000 });
  await holder.do(`write ${FRAMES} ${frame()}`);
  expect(await dropped(daemon), "with back-pressure again").toBe(lost);
});

import type { NicId } from "@gona/model";
import { expect, test } from "vitest";
import { DaemonUnderTest } from "../src/bed/daemon-under-test.ts";
import { addressHex } from "../src/bed/far-end-records.ts";
import { LabBed } from "../src/bed/lab-bed.ts";
import { ipBatch } from "../src/bed/run-command.ts";
import { waitUntil } from "../src/bed/wait-until.ts";
import { parseScenario } from "../src/scenario/parse-scenario.ts";
import { GuestMachine } from "../src/vm/guest-machine.ts";

const MAC = "52:54:00:77:00:01";
const GUEST = "10.77.0.2";
const PEER = "10.77.0.1";

/** Two NICs on one plain switch, limits that differ; the lab's own guest gives way to a QEMU one. */
const SCENARIO = `apiVersion: gona-lab/v1
title: A virtual machine
spec:
  apiVersion: gona/v1
  nics:
    - { name: nic1, capacity: 1Gbit, fabric: rack, failback: 1s }
    - { name: nic2, capacity: 1Gbit, fabric: rack, failback: 1s }
  guests:
    - name: vm1
      vif: { device: vnet0, mac: "${MAC}", addresses: [${GUEST}] }
      aggregate:
        slices:
          - { nic: nic1, egress: { reserve: 5Mbit, limit: 20Mbit } }
          - { nic: nic2, egress: { reserve: 5Mbit, limit: 10Mbit } }
        balance: hash
peers: [{ name: client, fabric: rack, addresses: [${PEER}/24] }]
traffic: [{ name: all, kind: tcp, from: vm1, to: client }]
phases: [{ title: Run, lasts: 9s, traffic: [all] }]
`;
const LIMIT = { nic1: 20e6, nic2: 10e6 } as const;
type Nic = keyof typeof LIMIT;

interface Reading {
  readonly bytes: number;
  readonly lastNs: number;
}

/** What came from the guest to the switch's port behind a NIC, by counters on the port. */
function arrived(bed: LabBed, nic: Nic): Reading {
  const port = bed.plan.nics.find((planned) => planned.nic === nic)?.port.ifindex;
  const address = addressHex(GUEST);
  const flow = bed.farEnd
    .flows()
    .find((item) => item.port === port && item.direction === "in" && item.address === address);
  return { bytes: Number(flow?.bytes ?? 0n), lastNs: Number(flow?.lastNs ?? 0n) };
}

/** Bit/s on the cable, over two seconds of traffic by the counter's own clock. */
async function rateOf(bed: LabBed, nic: Nic): Promise<number> {
  const start = arrived(bed, nic);
  const end = await waitUntil(
    `traffic on ${nic}`,
    () => {
      const reading = arrived(bed, nic);
      return reading.lastNs - start.lastNs >= 2e9 ? reading : undefined;
    },
    { withinMs: 20_000 },
  );
  return ((end.bytes - start.bytes) * 8e9) / (end.lastNs - start.lastNs);
}

/**
 * The slice is filled, as soon as the guest (emulated, and so slow to get going) sends enough; and never more than
 * filled. A 64 KB packet more or less is 2.6 % of two seconds at 10 Mbit/s, and HTB may send 5 ms in advance.
 */
async function expectFilled(bed: LabBed, nic: Nic): Promise<void> {
  let rate = 0;
  const filled = async (): Promise<true | undefined> => {
    rate = await rateOf(bed, nic);
    expect(rate / LIMIT[nic], `${nic}, never above its limit`).toBeLessThan(1.05);
    return rate / LIMIT[nic] > 0.95 ? true : undefined;
  };
  const why = (): string => `${(rate / 1e6).toFixed(2)} Mbit/s at last`;
  await waitUntil(`${nic} is filled`, filled, { withinMs: 25_000, why });
}

const stateOf = async (daemon: DaemonUnderTest, nic: Nic): Promise<string | undefined> =>
  (await daemon.client.status()).nics.find(({ name }) => name === nic)?.state;

/**
 * Many flows of fixed ports: enough for each slice, and the same buckets in every run. Below the range from which the
 * kernel gives the control connection its port. Sent until `work` is done.
 */
async function whileSending(
  bed: LabBed,
  guest: GuestMachine,
  port: number,
  words: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const { netns } = bed.station("client");
  await using server = bed.spawn({
    name: `server${port}`,
    netns,
    command: "iperf3",
    args: ["-s", "--forceflush", "-p", `${port}`],
  });
  await waitUntil("iperf3 listens", () => (/listening/.test(server.logTail()) ? true : undefined), {
    withinMs: 10_000,
  });
  const client = `iperf3 -c ${PEER} -p ${port} --cport 20000 -P 16 -t 120 ${words}`;
  const sending = meanwhile(guest.try(client, 150_000));
  const early = sending.then(({ output }) => {
    throw new Error(`iperf3 ended before its time: ${output.slice(-500)}`);
  });
  await Promise.race([work(), meanwhile(early)]);
  await guest.run("killall -INT iperf3");
  await sending;
}

/** For work that is awaited later: if the test fails before that, its own words are what counts. */
function meanwhile<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

test("a virtual machine on a tap fills its slices of two NICs, and goes on when a cable is cut", async () => {
  await using bed = await LabBed.build(parseScenario(SCENARIO, "inline", "vm-guest"));
  await ipBatch(bed.plan.hub, ["link delete vnet0", "tuntap add vnet0 mode tap", "link set vnet0 up"]);
  const daemon = await DaemonUnderTest.start(bed);
  await using guest = await GuestMachine.start({
    netns: bed.plan.hub,
    nics: [{ tap: "vnet0", mac: MAC }],
    programs: ["/usr/bin/iperf3"],
  });
  await guest.run(`ip address add ${GUEST}/24 dev eth0; ip link set eth0 up; ping -c 3 ${PEER}`);

  const bothFilled = (): Promise<unknown> => Promise.all([expectFilled(bed, "nic1"), expectFilled(bed, "nic2")]);
  await whileSending(bed, guest, 5201, "-u -b 4M", bothFilled);

  const before = { nic1: arrived(bed, "nic1").bytes, nic2: arrived(bed, "nic2").bytes };
  const pings = meanwhile(guest.run(`ping -i 0.05 -c 100 -q ${PEER}`, 30_000));
  const dead = await waitUntil(
    "a NIC that carries the pings",
    () => (["nic1", "nic2"] as const).find((nic) => arrived(bed, nic).bytes > before[nic]),
    { withinMs: 5000 },
  );
  const alive = dead === "nic1" ? "nic2" : "nic1";
  await bed.cut(bed.plan.nics.find(({ nic }) => nic === dead)?.nic as NicId);
  const received = Number(/(\d+) packets received/.exec(await pings)?.[1]);
  expect(received, "pings answered while the cable was cut").toBeGreaterThanOrEqual(98);

  const left = arrived(bed, dead).bytes;
  await whileSending(bed, guest, 5202, "", () => expectFilled(bed, alive));
  expect(arrived(bed, dead).bytes, "nothing comes through the dead NIC").toBe(left);

  await bed.heal(bed.plan.nics.find(({ nic }) => nic === dead)?.nic as NicId);
  await waitUntil("the NIC returns", async () => ((await stateOf(daemon, dead)) === "up" ? true : undefined), {
    withinMs: 20_000,
  });
  await whileSending(bed, guest, 5203, "", bothFilled);
});

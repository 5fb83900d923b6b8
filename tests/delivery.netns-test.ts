import type { DeliveryRow } from "@gona/api";
import { expect, test } from "vitest";
import { DaemonBed } from "./daemon-bed.ts";
import { run } from "./run.ts";

const DEADLINE_MS = 60_000;
/** A machine that is busy with other tests takes its time to start processes. */
const PATIENT = { timeout: 300_000 };
/** With their headers 1,292 bytes on the wire. */
const DATAGRAM_BYTES = 1250;
const PEER = "10.9.255.1";
const M = 1e6;

interface Guest {
  readonly name: string;
  readonly number: number;
  /** `nic`, reservation and limit in Mbit/s; limit of what comes in, where there is one. */
  readonly slices: readonly (readonly [nic: string, reserve: number, limit: number, ingress?: number])[];
  /** Over all NICs, Mbit/s. */
  readonly cap?: number;
}

function specText(bed: DaemonBed, guests: readonly Guest[]): string {
  const lines = guests.map(({ name, number, slices, cap }) => {
    const vif = `{ create: { netns: ${bed.netns(name)}, name: eth0 }, mac: "52:54:00:de:00:0${number}", addresses: [10.9.0.${number}] }`;
    const own = slices.map(([nic, reserve, limit, ingress]) => {
      const inwards = ingress === undefined ? "" : `, ingress: { limit: ${ingress}Mbit }`;
      return `{ nic: ${nic}, egress: { reserve: ${reserve}Mbit, limit: ${limit}Mbit }${inwards} }`;
    });
    const over = cap === undefined ? "" : `, limit: { egress: ${cap}Mbit }`;
    return `  - { name: ${name}, vif: ${vif}, aggregate: { balance: hash, slices: [${own.join(", ")}]${over} } }`;
  });
  return `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 20Mbit, fabric: rack }
  - { name: eth2, capacity: 20Mbit, fabric: rack }
guests:
${lines.join("\n")}
`;
}

/** A daemon with these guests, each with its address, not yet watched. */
async function startBed(prefix: string, guests: readonly Guest[]): Promise<DaemonBed> {
  const names = guests.map(({ name }) => name);
  const bed = new DaemonBed(
    prefix,
    names.filter((name) => name !== "steady"),
  );
  const daemon = bed.spawnDaemon(["--spec", bed.file("host.yaml", specText(bed, guests))]);
  await daemon.line("ready", (line) => line.msg === "ready");
  for (const { name, number } of guests) {
    run("ip", "-n", bed.netns(name), "addr", "add", `10.9.0.${number}/16`, "dev", "eth0");
  }
  return bed;
}

/** The first look at which `when` holds for the row of every key (`vif nic`) that is named. */
async function lookUntil(
  bed: DaemonBed,
  keys: readonly string[],
  when: (row: DeliveryRow) => boolean,
): Promise<readonly DeliveryRow[]> {
  const seen: (readonly DeliveryRow[])[] = [];
  for await (const rows of bed.client.followDelivery({}, AbortSignal.timeout(DEADLINE_MS))) {
    seen.push(rows);
    const wanted = keys.map((key) => rows.find(({ vif, nic }) => `${vif} ${nic}` === key));
    if (wanted.every((row) => row !== undefined && when(row))) return wanted as readonly DeliveryRow[];
  }
  throw new Error(`not seen in ${DEADLINE_MS} ms: ${JSON.stringify(seen.slice(-3))}`);
}

/** Within so many percent: a look may fall into a pause of the machine, so one good look is enough. */
const isKept = ({ errorPercent }: DeliveryRow, percent: number) => Math.abs(errorPercent ?? 100) < percent;

const send = (bed: DaemonBed, from: string, port: number, megabits: number, bytes = DATAGRAM_BYTES) =>
  bed.startStream(from, "switch", PEER, port, Math.round((megabits * M) / ((bytes + 42) * 8)), bytes);

test("a guest that sends little has all of it, and one that sends much is at its limit", PATIENT, async () => {
  await using bed = await startBed("gona-e1", [
    { name: "steady", number: 1, slices: [["eth1", 1, 8]] },
    { name: "idle", number: 2, slices: [["eth1", 1, 8]] },
  ]);
  const little = await send(bed, "steady", 5401, 4);
  const isCalm = (row: DeliveryRow) => row.deliveredBitsPerSecond > 3.5 * M && isKept(row, 2);
  const [calm] = await lookUntil(bed, ["steady eth1"], isCalm);
  expect(calm).toMatchObject({ direction: "egress", short: false, reason: { text: "the guest sent less" } });
  await little.sender.finish();
  const much = await send(bed, "steady", 5402, 16);
  const [held] = await lookUntil(bed, ["steady eth1"], (row) => row.reason.kind === "limit" && isKept(row, 3));
  expect(held).toMatchObject({ promisedBitsPerSecond: 8 * M, short: false, reason: { text: "at its limit" } });
  expect(held?.offeredBitsPerSecond).toBeGreaterThan(7.5 * M);
  // A guest that sends nothing is not spoken of, nor is it short.
  const status = await bed.client.status();
  expect(status.short).toEqual([]);
  const slices = await bed.client.slices();
  expect(slices.find(({ vif }) => vif === "steady")?.delivery?.reason.kind).toBe("limit");
  expect((await bed.client.delivery({ guest: "idle", since: new Date(0).toISOString(), step: 1 })).length).toBeLessThan(
    5,
  );
  await much.sender.finish();
});

test("two guests that fill a NIC have what reservations and shares give them", PATIENT, async () => {
  await using bed = await startBed("gona-e2", [
    { name: "steady", number: 1, slices: [["eth1", 4, 20]] },
    { name: "other", number: 2, slices: [["eth1", 10, 20]] },
  ]);
  await send(bed, "steady", 5403, 18);
  await send(bed, "other", 5404, 18);
  const isFull = (row: DeliveryRow) => row.reason.kind === "saturated" && isKept(row, 8);
  const [less, more] = await lookUntil(bed, ["steady eth1", "other eth1"], isFull);
  // 20 less what is reserved is shared alike: 4 + 3 and 10 + 3.
  expect((less?.promisedBitsPerSecond ?? 0) / M).toBeCloseTo(7, 0);
  expect((more?.promisedBitsPerSecond ?? 0) / M).toBeCloseTo(13, 0);
  expect(less?.reason.text).toBe("NIC eth1 saturated");
});

test(
  "when a NIC is cut, what the guest lacks is there with the NIC's name, live and in the past",
  PATIENT,
  async () => {
    await using bed = await startBed("gona-e3", [
      {
        name: "steady",
        number: 1,
        slices: [
          ["eth1", 2, 5],
          ["eth2", 2, 5],
        ],
      },
    ]);
    const began = new Date().toISOString();
    // Flow after flow, each more than a slice may carry, until their hashes have met both.
    const isUsed = ({ txBytes }: { txBytes: number }) => txBytes >= DATAGRAM_BYTES;
    for (let port = 5420; !(await bed.client.slices()).every(isUsed); port++) await send(bed, "steady", port, 6);
    await lookUntil(bed, ["steady eth1", "steady eth2"], ({ reason }) => reason.kind === "limit");
    run("ip", "-n", bed.netns("switch"), "link", "set", "to-eth2", "down");
    const [lost, left] = await lookUntil(
      bed,
      ["steady eth2", "steady eth1"],
      ({ reason }) => reason.kind === "nic-lost",
    );
    expect(lost).toMatchObject({
      deliveredBitsPerSecond: 0,
      promisedBitsPerSecond: 2 * M,
      short: true,
      errorPercent: -100,
    });
    expect(left).toMatchObject({ short: false, promisedBitsPerSecond: 5 * M });
    for (const row of [lost, left]) expect(row?.reason.text).toBe("degraded: NIC eth2 lost");
    expect((await bed.client.status()).short).toMatchObject([{ vif: "steady", nic: "eth2" }]);
    const past = await bed.client.delivery({ guest: "steady", since: began });
    const kinds = new Set(past.map(({ reason }) => reason.kind));
    expect([kinds.has("limit"), kinds.has("nic-lost")]).toEqual([true, true]);
  },
);

test("what comes in is told apart, and a limit over all NICs is told from that of a slice", PATIENT, async () => {
  await using bed = await startBed("gona-e4", [{ name: "steady", number: 1, slices: [["eth1", 1, 18, 6]], cap: 4 }]);
  await send(bed, "steady", 5411, 12);
  await bed.startStream("switch", "steady", "10.9.0.1", 5412, 1200, DATAGRAM_BYTES);
  let ingress: DeliveryRow | undefined;
  const [egress] = await lookUntil(bed, ["steady eth1"], ({ reason }) => reason.kind === "cap");
  for await (const rows of bed.client.followDelivery({}, AbortSignal.timeout(DEADLINE_MS))) {
    ingress = rows.find((row) => row.direction === "ingress" && row.reason.kind === "limit" && isKept(row, 3));
    if (ingress !== undefined) break;
  }
  expect(egress).toMatchObject({ short: false, reason: { text: "held by the aggregate's cap" } });
  expect((egress?.deliveredBitsPerSecond ?? 0) / M).toBeCloseTo(4, 0);
  expect(ingress).toMatchObject({ nic: "eth1", promisedBitsPerSecond: 6 * M, short: false });
  const slices = await bed.client.slices();
  expect(slices.map(({ direction, limitBitsPerSecond }) => [direction, limitBitsPerSecond / M])).toEqual([
    ["egress", 18],
    ["ingress", 6],
  ]);
});

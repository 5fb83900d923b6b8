import { setTimeout as tick } from "node:timers/promises";
import { expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import { ethernet, ipv4, macText, tcp, u32, udp } from "./packets.ts";
import { WireBench } from "./wire-bench.ts";

const PEER = { mac: "52:54:00:ff:00:09", ip: ["10.9.0.9/24"] };
const WEB = "52:54:00:09:00:01";
const MEGABITS = 100;
const LIMIT = (MEGABITS * 1e6) / 8;
const CLASS = (Limit.HTB_MAJOR * 0x10000 + 8) >>> 0;
const web = {
  name: "web",
  slot: 0,
  mac: WEB,
  ip: ["10.9.0.1/24"],
  flags: ["CHECK_MAC", "PARTS"] as const,
  goalUs: 5000,
  slices: [{ nic: 0, mac: WEB, classid: CLASS, txBytesPerS: LIMIT, rxBytesPerS: LIMIT }],
};
const { PART_SPARSE, PART_REST } = Limit;

/** A guest whose slice has a part for sparse flows and one for the rest, as the planner shapes them. */
async function create(): Promise<WireBench> {
  const bench = await WireBench.create({ nics: [{}], guests: [web], peer: PEER });
  bench.tree("nic0", web.slot, MEGABITS, [
    [PART_SPARSE, 1],
    [PART_REST, 1e-5],
  ]);
  for (const where of ["web", "peer"]) bench.run(where, "sysctl", "-q", "-w", "net.ipv4.tcp_ecn=1");
  await bench.start("peer", "iperf3", "-s", "--forceflush");
  return bench;
}

const numberOf = (frame: Uint8Array): number | undefined =>
  frame[12] === 8 && frame[23] === 17 && frame[37] === 9 ? new DataView(frame.buffer).getUint32(42) : undefined;
const numbered = (number: number, length: number) =>
  ethernet(
    { to: PEER.mac, from: WEB },
    ipv4(
      { from: "10.9.0.1", to: "10.9.0.9" },
      udp(7, 9, Uint8Array.from([...u32(number), ...new Uint8Array(length - 46)])),
    ),
  );

test("beside 128 TCP flows small questions go by the sparse part, and bulk is marked near the limit", async () => {
  await using bench = await create();
  await bench.start("web", "iperf3", "-c", "10.9.0.9", "-P", "128", "-t", "20", "-i", "0.5", "--forceflush");
  const counters = () => bench.programs.counters(web.slot, 0);
  const [sparse, rest, before, began] = [
    bench.classSent("nic0", web.slot, PART_SPARSE),
    bench.classSent("nic0", web.slot, PART_REST),
    counters(),
    performance.now(),
  ];
  const QUESTIONS = 200;
  const said = bench.run("web", "busybox", "ping", "-q", "-i", "0.01", "-c", String(QUESTIONS), "10.9.0.9");
  const seconds = (performance.now() - began) / 1000;
  const after = counters();
  const bytes = (part: number, start: { readonly bytes: number }) =>
    bench.classSent("nic0", web.slot, part).bytes - start.bytes;

  expect(said).toContain(" 0% packet loss");
  expect(bench.classSent("nic0", web.slot, PART_SPARSE).packets - sparse.packets).toBeGreaterThanOrEqual(QUESTIONS);
  // Half of the limit at most goes by the sparse part; the whole is near the limit, but for the flows' start.
  expect(bytes(PART_SPARSE, sparse)).toBeLessThan(0.55 * LIMIT * seconds);
  const all = bytes(PART_SPARSE, sparse) + bytes(PART_REST, rest);
  expect(all).toBeGreaterThan(0.7 * LIMIT * seconds);
  expect(all).toBeLessThan(1.1 * LIMIT * seconds);
  expect(after.txCeMarks - before.txCeMarks).toBeGreaterThan(0n);
});

test("a flow that turns from sparse to bulk and back is never overtaken by itself", async () => {
  await using bench = await create();
  await bench.start("web", "iperf3", "-c", "10.9.0.9", "-P", "16", "-t", "30", "-i", "0.5", "--forceflush");
  const ear = bench.listen("peer");
  const sender = bench.sender("web");
  let number = 0;
  const ROUNDS = 12;
  for (let round = 0; round < ROUNDS; round++) {
    // A burst of several intervals' worth, then small packets until the flow is sparse again.
    for (let i = 0; i < 4; i++) {
      sender.sendBatch(Array.from({ length: 10 }, () => numbered(number++, 1400)));
      await tick(1);
    }
    for (let i = 0; i < 20; i++) {
      sender.send(numbered(number++, 60));
      await tick(8);
    }
  }
  const heard: number[] = [];
  await ear.next((frame) => {
    const each = numberOf(frame);
    if (each !== undefined) heard.push(each);
    return each === number - 1;
  }, 20_000);
  const late = heard.filter((each, index) => index > 0 && each < (heard[index - 1] ?? 0));
  expect(heard.length).toBeGreaterThan(number / 3);
  expect(late).toEqual([]);
});

test("eight flows of a guest get alike, in a lane each", async () => {
  const laned = { ...web, flags: ["CHECK_MAC", "PARTS", "LANES"] as const };
  await using bench = await WireBench.create({ nics: [{}], guests: [laned], peer: PEER });
  const lanes = Array.from({ length: Limit.LANES }, (_, lane) => PART_REST + lane);
  bench.tree("nic0", web.slot, MEGABITS, [[PART_SPARSE, 1], ...lanes.map((part) => [part, 1e-5] as const)]);
  const before = lanes.map((part) => bench.classSent("nic0", web.slot, part).bytes);
  const { end } = await bench.iperf("web", "10.9.0.9", ["-P", "8", "-t", "6", "-O", "1"]);
  const bytes = (end.streams ?? []).map(({ sender }) => sender.bytes);
  expect(bytes).toHaveLength(8);
  expect(Math.min(...bytes)).toBeGreaterThan(0.5 * Math.max(...bytes));
  for (const [lane, part] of lanes.entries()) {
    expect(bench.classSent("nic0", web.slot, part).bytes - (before[lane] ?? 0)).toBeGreaterThan(LIMIT / 4);
  }
});

test("VLAN priorities are written anew, whether the tag is the guest's or GONA's", async () => {
  const guests = [
    { ...web, name: "trunk", trunk: [30], goalUs: 0 },
    { ...web, name: "access", slot: 1, mac: "52:54:00:09:00:02", vlan: 20, goalUs: 0 },
  ];
  await using bench = await WireBench.create({ nics: [{}], guests, peer: PEER });
  for (const { slot } of guests) bench.programs.rules(slot, [{ part: 1, protocol: 6 }], [{ part: 1, pcp: 6 }]);
  const ear = bench.listen("peer");
  const rows = [
    { name: "trunk", tag: { vlan: 30, priority: 1 }, tci: "c0:1e" },
    { name: "trunk", tag: { vlan: 0, priority: 1 }, tci: "c0:00" },
    { name: "trunk", tag: { vlan: 30, priority: 6 }, tci: "c0:1e" },
    { name: "access", tag: undefined, tci: "c0:14" },
    { name: "access", tag: { vlan: 0, priority: 3 }, tci: "c0:14" },
  ];
  for (const [index, { name, tag, tci }] of rows.entries()) {
    const from = name === "trunk" ? WEB : "52:54:00:09:00:02";
    const inside = ipv4({ from: "10.30.0.1", to: "10.30.0.9", id: index + 100 }, tcp(1, 2));
    bench.sender(name).send(ethernet({ to: PEER.mac, from, ...(tag === undefined ? {} : { tag }) }, inside));
    const frame = await ear.next((each) => each[12] === 0x81 && each[23] === index + 100, 20_000);
    expect(frame && macText(frame.slice(12, 18))).toBe(`81:00:${tci}:08:00`);
  }
});

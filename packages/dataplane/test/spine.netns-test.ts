import { expect, test } from "vitest";
import { BROADCAST, ethernet, macText, raw } from "./packets.ts";
import { WireBench } from "./wire-bench.ts";

const PEER = { mac: "52:54:00:ff:00:09", ip: ["10.9.0.9/24", "fd09::9/64"] };
const WEB = "52:54:00:09:00:01";
const DB = "52:54:00:09:00:02";
const web = {
  name: "web",
  slot: 0,
  mac: WEB,
  ip: ["10.9.0.1/24", "fd09::1/64"],
  addresses: ["10.9.0.1", "fd09::1"],
  flags: ["CHECK_MAC"] as const,
  slices: [{ nic: 0, mac: WEB, classid: 0xa09a0008 }],
};
const db = {
  name: "db",
  slot: 1,
  mac: DB,
  ip: ["10.9.0.2/24", "fd09::2/64"],
  addresses: ["10.9.0.2", "fd09::2"],
  slices: [{ nic: 0, mac: DB, classid: 0xa09a0010 }],
};

const HEADERS = 66;
const HUNDRED_MBIT = 100e6;
const ping = (bench: WireBench, from: string, to: string, count = 5) =>
  bench.run(from, "busybox", "ping", "-A", "-c", String(count), "-W", "2", to);
/** So many that the end of a TCP connection, and a question for a neighbour, are few beside them. */
const MANY = 40;

/** Sends 30 MB of TCP, which passes the spine in GSO packets; returns the wire rate that came through. */
async function rate(bench: WireBench, to: string, options: readonly string[] = [], server = "peer"): Promise<number> {
  const { end } = await bench.iperf("web", to, ["-n", "30M", ...options], server);
  return (end.sum_received.bits_per_second * (1448 + HEADERS)) / 1448;
}

test.each([
  ["by the short way into the guest", ["CHECK_MAC", "PEER"] as const],
  ["by its vif", ["CHECK_MAC"] as const],
])("what comes in from the wire waits in the NIC's spine, and goes on %s", async (_, flags) => {
  await using bench = await WireBench.create({ nics: [{}], guests: [{ ...web, flags }], peer: PEER });
  bench.programs.segment(1, 0, [web.slot]);
  const inIfindex = await bench.spine("in", web.slot, 100);
  bench.programs.nic({ ...bench.nicRecord(0), inIfindex });
  for (const to of ["10.9.0.9", "fd09::9"]) ping(bench, "web", to);
  for (const from of ["10.9.0.1", "fd09::1"]) ping(bench, "peer", from);
  expect(bench.classSent("gq-in", web.slot).packets).toBeGreaterThanOrEqual(20);

  const before = bench.classSent("gq-in", web.slot).bytes;
  expect(await rate(bench, "10.9.0.9", ["-R"])).toBeLessThan(1.05 * HUNDRED_MBIT);
  // HTB and the counters of the slice count the same bytes: every segment with its headers.
  const counted = Number(bench.programs.counters(web.slot, 0).rxBytes);
  expect(bench.classSent("gq-in", web.slot).bytes - before).toBeGreaterThan(30e6);
  expect(bench.classSent("gq-in", web.slot).bytes).toBeLessThan(1.02 * counted);
  expect(await rate(bench, "fd09::9", ["-R"])).toBeLessThan(1.05 * HUNDRED_MBIT);
  expect(bench.programs.verdict("PAST_SPINE")).toBe(0n);
});

test("a tagged frame comes out of a spine as it went in, and a broadcast's copies wait there too", async () => {
  const trunk = { ...web, trunk: [30] };
  await using bench = await WireBench.create({ nics: [{}], guests: [trunk], peer: PEER });
  bench.programs.segment(1, 30, [trunk.slot]);
  const inIfindex = await bench.spine("in", trunk.slot, 100);
  bench.programs.nic({ ...bench.nicRecord(0), inIfindex });
  const tag = { vlan: 30, priority: 5 };
  const ear = bench.listen("web");
  const sender = bench.sender("peer");
  for (const [word, to] of [WEB, BROADCAST].entries()) {
    sender.send(ethernet({ to, from: PEER.mac, tag }, raw(new Uint8Array(46).fill(word + 1))));
    const frame = await ear.next((each) => each[12] === 0x81 && each[20] === word + 1, 20_000);
    expect(frame && macText(frame.slice(12, 18))).toBe("81:00:a0:1e:88:b5");
  }
  expect(bench.classSent("gq-in", trunk.slot).packets).toBe(2);
});

test("what a capped guest sends to the wire waits in the cap's spine, what it sends to guests does not", async () => {
  const capped = { ...web, flags: ["CHECK_MAC", "CAPPED"] as const };
  await using bench = await WireBench.create({ nics: [{}], guests: [capped, db], peer: PEER });
  bench.programs.spine("CAP", await bench.spine("cap", capped.slot, 100));
  for (const to of ["10.9.0.9", "fd09::9"]) ping(bench, "web", to);
  expect(await rate(bench, "10.9.0.9")).toBeLessThan(1.05 * HUNDRED_MBIT);
  expect(await rate(bench, "fd09::9")).toBeLessThan(1.05 * HUNDRED_MBIT);
  const capSent = bench.classSent("gq-cap", capped.slot);
  expect(capSent.bytes).toBeGreaterThan(60e6);
  ping(bench, "web", "10.9.0.2", MANY);
  expect(bench.classSent("gq-cap", capped.slot).packets - capSent.packets).toBeLessThan(MANY / 2);
  expect(bench.programs.verdict("DROP_MALFORMED")).toBe(0n);
});

test("what a guest sends to guests of the host waits in the spine for that, and what it shouts once", async () => {
  const limited = { ...web, flags: ["CHECK_MAC", "LOCAL_CAPPED"] as const };
  await using bench = await WireBench.create({ nics: [{}], guests: [limited, db], peer: PEER });
  bench.programs.segment(1, 0, [limited.slot, db.slot]);
  bench.programs.spine("LOCAL", await bench.spine("local", limited.slot, 100));
  for (const to of ["10.9.0.2", "fd09::2"]) ping(bench, "web", to);
  const before = bench.classSent("gq-local", limited.slot);
  expect(before.packets).toBeGreaterThan(10);
  expect(await rate(bench, "10.9.0.2", [], "db")).toBeLessThan(1.05 * HUNDRED_MBIT);
  const sent = bench.classSent("gq-local", limited.slot);
  ping(bench, "web", "10.9.0.9", MANY);
  // The question for the peer is the only one of its frames that guests hear.
  expect(bench.classSent("gq-local", limited.slot).packets - sent.packets).toBeLessThan(MANY / 2);
  expect(bench.programs.verdict("DROP_STRAY")).toBeLessThan(50n);
});

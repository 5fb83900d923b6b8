import { setTimeout as tick } from "node:timers/promises";
import { expect, test } from "vitest";
import { arp, BROADCAST, ethernet, ipv4, macText, raw, u32, udp } from "./packets.ts";
import { WireBench } from "./wire-bench.ts";

const PEER = { mac: "52:54:00:ff:00:09", ip: ["10.9.0.9/24", "fd09::9/64"] };
const WEB = "52:54:00:09:00:01";
const DB = "52:54:00:09:00:02";
const DB_MACS = ["02:09:00:00:00:00", "02:09:00:00:00:01"];
const web = {
  name: "web",
  slot: 0,
  mac: WEB,
  ip: ["10.9.0.1/24", "fd09::1/64"],
  addresses: ["10.9.0.1", "fd09::1"],
  slices: [{ nic: 0, mac: WEB, classid: 0 }],
};
const db = {
  name: "db",
  slot: 1,
  mac: DB,
  ip: ["10.9.0.2/24", "fd09::2/64"],
  addresses: ["10.9.0.2", "fd09::2"],
  flags: ["CHECK_MAC", "REWRITE_MAC"] as const,
  slices: DB_MACS.map((mac, nic) => ({ nic, mac, classid: 0 })),
};

const ping = (bench: WireBench, from: string, to: string) =>
  bench.run(from, "busybox", "ping", "-A", "-c", "5", "-W", "2", to);

test("a guest with its own MAC and a peer reach each other over one NIC, by IPv4 and IPv6", async () => {
  await using bench = await WireBench.create({ nics: [{}], guests: [web], peer: PEER });
  ping(bench, "web", "10.9.0.9");
  ping(bench, "web", "fd09::9");
  ping(bench, "peer", "10.9.0.1");
  ping(bench, "peer", "fd09::1");
  expect(bench.programs.verdict("TO_GUEST")).toBeGreaterThan(20n);
  expect(bench.run("peer", "ip", "neigh", "show", "10.9.0.1")).toContain(WEB);
});

test("two NICs on one bridge, a MAC for each slice: no MAC on two ports", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [db], peer: PEER });
  const ports = [bench.listen("port0"), bench.listen("port1")];
  ping(bench, "db", "10.9.0.9");
  ping(bench, "db", "fd09::9");
  for (let port = 1; port <= 30; port++) bench.run("db", "bash", "-c", `echo x > /dev/udp/10.9.0.9/${port}`);
  const seen = ports.map((port) => port.take().map((frame) => macText(frame.slice(6, 12))));
  // Besides them only what the hub's own kernel says in its NICs' names.
  for (const [port, own] of DB_MACS.entries()) {
    expect(seen[port]).toContain(own);
    expect(seen[1 - port]).not.toContain(own);
    expect(seen[port]).not.toContain(DB);
  }
  expect(DB_MACS.some((mac) => bench.run("peer", "ip", "neigh", "show", "10.9.0.2").includes(mac))).toBe(true);
  expect(bench.programs.verdict("DROP_MALFORMED")).toBe(0n);
});

test("guest to guest stays in the host, one of them with slices' MACs", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [web, db], peer: PEER });
  bench.programs.segment(1, 0, [web.slot, db.slot]);
  const wire = bench.listen("peer");
  for (const to of ["10.9.0.2", "fd09::2"]) ping(bench, "web", to);
  for (const to of ["10.9.0.1", "fd09::1"]) ping(bench, "db", to);
  expect(bench.programs.verdict("LOCAL")).toBeGreaterThanOrEqual(40n);
  expect(bench.programs.verdict("DIRECTED_ARP")).toBeGreaterThan(0n);
  const echoes = wire.take().filter((frame) => [1, 58].includes(frame[frame[12] === 8 ? 23 : 20] ?? 0));
  expect(echoes.filter((frame) => [8, 0, 128, 129].includes(frame[frame[12] === 8 ? 34 : 54] ?? 255))).toEqual([]);
  expect(bench.run("web", "ip", "neigh", "show", "10.9.0.2")).toContain(DB);
});

test("guests whose links are flagged as peers get their packets by the short way", async () => {
  const short = [
    { ...web, flags: ["CHECK_MAC", "PEER"] as const },
    { ...db, flags: ["CHECK_MAC", "REWRITE_MAC", "PEER"] as const },
  ];
  await using bench = await WireBench.create({ nics: [{}, {}], guests: short, peer: PEER });
  for (const to of ["10.9.0.2", "fd09::2", "10.9.0.9", "fd09::9"]) ping(bench, "web", to);
  for (const to of ["10.9.0.9", "fd09::9"]) ping(bench, "db", to);
  for (const to of ["10.9.0.1", "10.9.0.2", "fd09::1", "fd09::2"]) ping(bench, "peer", to);
});

test("a broadcast is heard once by each, with two NICs on one switch", async () => {
  const third = {
    name: "third",
    slot: 2,
    mac: "52:54:00:09:00:03",
    slices: [{ nic: 1, mac: "52:54:00:09:00:03", classid: 0 }],
  };
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [web, db, third], peer: PEER });
  bench.programs.segment(1, 0, [0, 1, 2]);
  const ears = ["web", "db", "third", "peer"].map((name) => [name, bench.listen(name)] as const);
  const shout = (from: string, source: string, word: number) =>
    bench.sender(from).send(ethernet({ to: BROADCAST, from: source }, raw(new Uint8Array(46).fill(word))));
  const heard = async (word: number, ...deaf: readonly string[]) => {
    const frames: Record<string, string[]> = {};
    for (const [name, ear] of ears) {
      const is = (frame: Uint8Array) => frame[12] === 0x88 && frame[13] === 0xb5 && frame[20] === word;
      const first = deaf.includes(name) ? undefined : await ear.next(is, 20_000);
      // A second copy would come by the other NIC at about the same time.
      const more = await ear.next(is, 100);
      frames[name] = [first, more].flatMap((frame) => (frame === undefined ? [] : [macText(frame.slice(6, 12))]));
    }
    return frames;
  };
  shout("peer", PEER.mac, 1);
  expect(await heard(1, "peer")).toEqual({ web: [PEER.mac], db: [PEER.mac], third: [PEER.mac], peer: [] });
  shout("web", WEB, 2);
  expect(await heard(2, "web")).toEqual({ web: [], db: [WEB], third: [WEB], peer: [WEB] });
  shout("db", DB, 3);
  const { peer, ...guests } = await heard(3, "db");
  expect(guests).toEqual({ web: [DB], db: [], third: [DB] });
  expect(DB_MACS).toContain(peer?.[0]);
  expect(peer).toHaveLength(1);
  expect(bench.programs.verdict("DROP_REFLECTION")).toBeGreaterThanOrEqual(2n);

  await bench.cable(0, false);
  shout("peer", PEER.mac, 4);
  expect(await heard(4, "peer", "web")).toEqual({ web: [], db: [PEER.mac], third: [PEER.mac], peer: [] });
});

test("VLANs: untagged at an access guest, tagged on the wire and at a trunk guest", async () => {
  const slices = (mac: string) => [{ nic: 0, mac, classid: 0 }];
  const access = { name: "access", slot: 2, mac: "52:54:00:09:00:03", vlan: 20, slices: slices("52:54:00:09:00:03") };
  const trunk = {
    name: "trunk",
    slot: 3,
    mac: "52:54:00:09:00:04",
    trunk: [20, 30],
    slices: slices("52:54:00:09:00:04"),
  };
  await using bench = await WireBench.create({ nics: [{}], guests: [web, access, trunk], peer: PEER });
  bench.programs.segment(1, 0, [0, 3]);
  bench.programs.segment(1, 20, [2, 3]);
  const ears = Object.fromEntries(["web", "access", "trunk", "peer"].map((name) => [name, bench.listen(name)]));
  const word = (frame: Uint8Array) => frame[frame.length - 1] ?? 0;
  const heard = async (name: string, wanted: number) => {
    const ours = (frame: Uint8Array) => frame[frame[12] === 0x81 ? 16 : 12] === 0x88 && word(frame) === wanted;
    const frame = await ears[name]?.next(ours, wanted > 0 ? 2000 : 50);
    return frame === undefined ? undefined : macText(frame.slice(12, 16));
  };
  const payload = (wanted: number) => raw(new Uint8Array(46).fill(wanted));
  const tag = { vlan: 20, priority: 5 };
  const UNTAGGED = "88:b5:01:01";

  bench.sender("peer").send(ethernet({ to: BROADCAST, from: PEER.mac, tag }, payload(1)));
  expect(await heard("access", 1)).toBe(UNTAGGED);
  expect(await heard("trunk", 1)).toBe("81:00:a0:14");
  expect(ears.web?.take().some((frame) => word(frame) === 1)).toBe(false);

  bench.sender("access").send(ethernet({ to: BROADCAST, from: access.mac }, payload(2)));
  expect(await heard("peer", 2)).toBe("81:00:00:14");
  expect(await heard("trunk", 2)).toBe("81:00:00:14");
  expect(ears.web?.take().some((frame) => word(frame) === 2)).toBe(false);

  bench.sender("trunk").send(ethernet({ to: BROADCAST, from: trunk.mac, tag }, payload(3)));
  expect(await heard("peer", 3)).toBe("81:00:a0:14");
  expect(await heard("access", 3)).toBe("88:b5:03:03");

  bench.sender("access").send(ethernet({ to: trunk.mac, from: access.mac }, payload(4)));
  expect(await heard("trunk", 4)).toBe("81:00:00:14");
  bench.sender("trunk").send(ethernet({ to: access.mac, from: trunk.mac, tag }, payload(5)));
  expect(await heard("access", 5)).toBe("88:b5:05:05");
  bench.sender("peer").send(ethernet({ to: access.mac, from: PEER.mac, tag }, payload(6)));
  expect(await heard("access", 6)).toBe("88:b5:06:06");
  bench.sender("access").send(ethernet({ to: PEER.mac, from: access.mac, tag: { vlan: 0, priority: 3 } }, payload(7)));
  expect(await heard("peer", 7)).toBe("81:00:60:14");
  bench.sender("web").send(ethernet({ to: PEER.mac, from: WEB }, payload(8)));
  expect(await heard("peer", 8)).toBe("88:b5:08:08");
});

test("TCP with GSO over both NICs: every byte is counted, every segment with its headers", async () => {
  const guest = { ...db, flags: [...db.flags, "PEER"] as const };
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [guest], peer: PEER });
  const total = (field: "txBytes" | "txPackets" | "rxBytes" | "rxPackets") =>
    [0, 1].reduce((sum, slice) => sum + Number(bench.programs.counters(db.slot, slice)[field]), 0);
  // Segments carry time stamps: 66 bytes of headers each, acknowledgements too.
  const payload = (way: "tx" | "rx") => total(`${way}Bytes`) - 66 * total(`${way}Packets`);
  for (const [way, options] of [
    ["tx", []],
    ["rx", ["-R"]],
  ] as const) {
    const [bytes, packets] = [payload(way), total(`${way}Packets`)];
    const { end } = await bench.iperf("db", "10.9.0.9", ["-n", "100M", "-P", "4", ...options]);
    // The sender may end before the receiver has read all; what is sent again counts again.
    expect(payload(way) - bytes).toBeGreaterThan(0.999 * end.sum_received.bytes);
    expect(payload(way) - bytes).toBeLessThan(1.1 * end.sum_sent.bytes);
    expect(total(`${way}Packets`) - packets).toBeGreaterThan(end.sum_received.bytes / 1448);
  }
});

/** Sends 32 flows from `db` until the last is heard: a bridge's port may forward only some time after it is up. */
function toPeer(bench: WireBench): () => Promise<boolean> {
  const sender = bench.sender("db");
  const ear = bench.listen("peer");
  const isLast = (frame: Uint8Array) => frame[12] === 8 && frame[35] === 32;
  return async () => {
    for (let attempt = 0; attempt < 50; attempt++) {
      for (let port = 1; port <= 32; port++) {
        sender.send(ethernet({ to: PEER.mac, from: DB }, ipv4({ from: "10.9.0.2", to: "10.9.0.9" }, udp(port, 9))));
      }
      if ((await ear.next(isLast, 200)) !== undefined) return true;
    }
    return false;
  };
}

test("a NIC whose device was replaced is dead until it is resolved again", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [db], peer: PEER });
  const sent = () => bench.programs.counters(db.slot, 0).txPackets;
  const reachesPeer = toPeer(bench);
  bench.programs.nic({ ...bench.nicRecord(0), ifindex: 4711 });
  const before = sent();
  expect(await reachesPeer()).toBe(true);
  expect(sent()).toBe(before);
  bench.programs.nic(bench.nicRecord(0));
  expect(await reachesPeer()).toBe(true);
  expect(sent()).toBeGreaterThan(before);
});

test("a NIC behind a shut gate carries what no other can, and nothing while another lives", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [db], peer: PEER });
  const sent = (slice: number) => bench.programs.counters(db.slot, slice).txPackets;
  const reachesPeer = toPeer(bench);
  bench.programs.nic({ ...bench.nicRecord(0), up: false });
  const shut = sent(0);
  expect(await reachesPeer()).toBe(true);
  expect(sent(0)).toBe(shut);
  await bench.cable(1, false);
  const other = sent(1);
  expect(await reachesPeer()).toBe(true);
  expect(sent(0)).toBeGreaterThanOrEqual(shut + 32n);
  expect(sent(1)).toBe(other);
});

test("a NIC that its bundle does not take carries nothing, even where no other can", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [db], peer: PEER });
  const sent = () => bench.programs.counters(db.slot, 0).txPackets;
  const dropped = () => bench.programs.verdict("DROP_NO_SLICE");
  bench.programs.nic({ ...bench.nicRecord(0), up: false, bundle: "joining" });
  bench.programs.nic({ ...bench.nicRecord(1), up: false, bundle: "apart" });
  const [before, lost] = [sent(), dropped()];
  bench.sender("db").send(ethernet({ to: PEER.mac, from: DB }, ipv4({ from: "10.9.0.2", to: "10.9.0.9" }, udp(1, 9))));
  await expect.poll(dropped, { timeout: 20_000 }).toBeGreaterThan(lost);
  expect(sent()).toBe(before);
});

/** Sends numbered frames from `db`, ten each millisecond, over 512 flows; at half the way `atHalf` happens. */
async function stream(bench: WireBench, count: number, atHalf: () => Promise<void>): Promise<void> {
  const sender = bench.sender("db");
  const frame = (number: number) =>
    ethernet(
      { to: PEER.mac, from: DB },
      ipv4({ from: "10.9.0.2", to: "10.9.0.9" }, udp(1024 + (number % 512), 9, u32(number))),
    );
  let half: Promise<void> | undefined;
  for (let number = 0; number < count; ) {
    sender.sendBatch(Array.from({ length: 10 }, () => frame(number++)));
    if (number >= count / 2) half ??= atHalf();
    await tick(1);
  }
  await half;
}

const numberOf = (frame: Uint8Array): number | undefined =>
  frame[12] === 8 && frame[23] === 17 && frame[37] === 9 ? new DataView(frame.buffer).getUint32(42) : undefined;

test("a cable cut under a stream of thousands of packets a second loses next to none", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [db], peer: PEER });
  const ear = bench.listen("peer");
  const port = bench.listen("port1");
  const COUNT = 8000;
  await stream(bench, COUNT, () => bench.cable(1, false));
  const heard = new Set<number>();
  await ear.next((frame) => {
    const number = numberOf(frame);
    if (number !== undefined) heard.add(number);
    return number === COUNT - 1;
  }, 20_000);
  // At least a third of the flows went by the NIC that was cut.
  expect(port.take().filter((frame) => numberOf(frame) !== undefined).length).toBeGreaterThan(COUNT / 6);
  expect(Number(bench.programs.verdict("TO_WIRE_FAILOVER"))).toBeGreaterThan(COUNT / 6);
  expect(COUNT - heard.size).toBeLessThanOrEqual(20);
});

test("with a cable cut, what is sent to the dead slice's MAC comes in by the other NIC once the switch knows", async () => {
  await using bench = await WireBench.create({ nics: [{}, {}], guests: [db], peer: PEER });
  await bench.cable(1, false);
  const ear = bench.listen("db");
  const dead = DB_MACS[1] ?? "";
  const rarp = arp({ op: "rarp", senderMac: dead, sender: "0.0.0.0", targetMac: dead, target: "0.0.0.0" });
  bench.hubSender("nic0").send(ethernet({ to: BROADCAST, from: dead }, rarp));
  bench.sender("peer").send(ethernet({ to: dead, from: PEER.mac }, raw(new Uint8Array(46).fill(9))));
  const frame = await ear.next((each) => each[12] === 0x88 && each[20] === 9, 20_000);
  expect(frame && macText(frame.slice(0, 6))).toBe(DB);
});

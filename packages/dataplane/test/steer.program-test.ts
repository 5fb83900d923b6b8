import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gonaPeer, Limit } from "../src/abi.ts";
import { BalanceMaps } from "../src/balance-maps.ts";
import { indexKey } from "../src/map-keys.ts";
import { arp, BROADCAST, ethernet, ipv4, ipv6, macText, neighbourAdvertisement, targetMac, udp } from "./packets.ts";
import { ProgramBench } from "./program-bench.ts";

const GUEST = 3;
const OTHER = 4;
const OWN = "52:54:00:00:00:02";
const MACS = ["02:00:00:00:02:00", "02:00:00:00:02:01"] as const;
const OTHER_MAC = "52:54:00:00:00:09";
const PEER = "52:54:00:ff:ff:01";
const STRANGER = "52:54:00:ff:ff:02";

let bench: ProgramBench;
let maps: BalanceMaps;

beforeEach(() => {
  bench = new ProgramBench();
  maps = new BalanceMaps(bench.object);
  bench.nic({ slot: 0 });
  bench.nic({ slot: 1 });
  const slices = MACS.map((mac, nic) => ({ nic, mac, classid: 0xa09a0020 }));
  bench.vif({ slot: GUEST, mac: OWN, flags: ["REWRITE_MAC", "FLOWLET", "STEERED"], slices, addresses: ["10.0.0.2"] });
  bench.vif({ slot: OTHER, mac: OTHER_MAC, slices: [{ nic: 0, mac: OTHER_MAC, classid: 0xa09a0028 }] });
});
afterEach(() => bench[Symbol.dispose]());

const frameTo = (to: string, from = PEER, bytes = 100): Uint8Array =>
  ethernet({ to, from }, ipv4({ from: "10.0.0.9", to: "10.0.0.2" }, udp(1, 2, new Uint8Array(bytes))));

describe("senders", () => {
  test("are counted by vif and MAC, with the slice whose MAC they send to", () => {
    const frame = frameTo(MACS[1]);
    bench.fromWire(1, frame);
    bench.fromWire(1, frame);
    bench.fromWire(0, frameTo(MACS[0], STRANGER));
    bench.fromWire(0, frameTo(OWN, STRANGER));
    expect(maps.peers().toSorted((a, b) => (a.mac < b.mac ? -1 : 1))).toEqual([
      { vifSlot: GUEST, vlan: 0, mac: PEER, slice: 1, rxBytes: 2 * frame.length },
      { vifSlot: GUEST, vlan: 0, mac: STRANGER, slice: "own", rxBytes: 2 * frame.length },
    ]);
  });

  test("of other vifs are not, nor is such a vif seen", () => {
    bench.fromWire(0, frameTo(OTHER_MAC));
    expect(maps.peers()).toEqual([]);
    expect(maps.ticks("rx")[OTHER]).toBe(0);
    bench.fromWire(0, frameTo(MACS[0]));
    expect(maps.ticks("rx")[GUEST]).toBeGreaterThan(0);
    expect(maps.ticks("tx")[GUEST]).toBe(0);
  });

  test("have two places each: the second newcomer takes that of a sender who was silent for long", () => {
    bench.fromWire(0, frameTo(MACS[0]));
    const index = placeOf(PEER);
    const pair = [index & ~1, index | 1];
    const stranger = (seenNs: bigint) =>
      gonaPeer.encode({ rxBytes: 7n, seenNs, vif: 1, vlan: 0, mac: new Uint8Array(6), slice: 0 });
    // Both long ago: the older goes.
    bench.object.map("gona_peers").put(indexKey(pair[0] as number), stranger(2n));
    bench.object.map("gona_peers").put(indexKey(pair[1] as number), stranger(1n));
    const frame = frameTo(MACS[0]);
    bench.fromWire(0, frame);
    expect(placeOf(PEER)).toBe(pair[1]);
    expect(maps.peers()).toContainEqual(expect.objectContaining({ mac: PEER, rxBytes: frame.length }));
    // Both a moment ago: this packet has hardly any luck, many have.
    const soon = 1n << 62n;
    for (const place of pair) bench.object.map("gona_peers").put(indexKey(place), stranger(soon));
    for (let packet = 0; packet < 4000 && placeOf(PEER) < 0; packet++) bench.fromWire(0, frame);
    expect(pair).toContain(placeOf(PEER));
  });

  const placeOf = (mac: string): number => {
    for (let index = 0; index < Limit.PEERS; index++) {
      const value = bench.object.map("gona_peers").get(indexKey(index));
      if (value !== undefined && macText(value.slice(22, 28)) === mac) return index;
    }
    return -1;
  };
});

describe("a peer that is steered", () => {
  const reply = (target: string) =>
    ethernet(
      { to: PEER, from: OWN },
      arp({ op: "reply", senderMac: OWN, sender: "10.0.0.2", targetMac: PEER, target }),
    );
  const sourceOf = (frame: Uint8Array) => macText(bench.fromGuest(GUEST, frame).packet.slice(6, 12));
  const targets = Array.from({ length: 16 }, (_, index) => `10.0.1.${index}`);

  test("learns that slice's MAC whatever its address hashes to", () => {
    expect(new Set(targets.map((target) => sourceOf(reply(target)))).size).toBe(2);
    for (const slice of [0, 1]) {
      maps.steer({ vifSlot: GUEST, vlan: 0, mac: PEER, slice });
      for (const target of targets) {
        const { packet } = bench.fromGuest(GUEST, reply(target));
        expect(macText(packet.slice(6, 12))).toBe(MACS[slice]);
        expect(macText(packet.slice(22, 28))).toBe(MACS[slice]);
      }
    }
    maps.unsteer({ vifSlot: GUEST, vlan: 0, mac: PEER });
    expect(new Set(targets.map((target) => sourceOf(reply(target)))).size).toBe(2);
  });

  test("does so by neighbour advertisements too", () => {
    for (const slice of [0, 1]) {
      maps.steer({ vifSlot: GUEST, vlan: 0, mac: PEER, slice });
      for (let peer = 0; peer < 8; peer++) {
        const inside = neighbourAdvertisement("fd00::2", targetMac(OWN));
        const frame = ethernet({ to: PEER, from: OWN }, ipv6({ from: "fd00::2", to: `fd00::1:${peer}` }, inside));
        expect(sourceOf(frame)).toBe(MACS[slice]);
      }
    }
  });

  test("is the only one, in its VLAN, and no other packet of the guest's heeds it", () => {
    const before = targets.map((target) => sourceOf(reply(target)));
    maps.steer({ vifSlot: GUEST, vlan: 0, mac: STRANGER, slice: 1 });
    maps.steer({ vifSlot: GUEST, vlan: 7, mac: PEER, slice: 1 });
    maps.steer({ vifSlot: OTHER, vlan: 0, mac: PEER, slice: 1 });
    expect(targets.map((target) => sourceOf(reply(target)))).toEqual(before);
    const question = arp({ op: "request", senderMac: OWN, sender: "10.0.0.2", target: "10.0.0.9" });
    const asked = sourceOf(ethernet({ to: BROADCAST, from: OWN }, question));
    maps.steer({ vifSlot: GUEST, vlan: 0, mac: PEER, slice: asked === MACS[0] ? 1 : 0 });
    expect(sourceOf(ethernet({ to: BROADCAST, from: OWN }, question))).toBe(asked);
    const sources = new Set<string>();
    for (let port = 1; port <= 32; port++) {
      const inside = ipv4({ from: "10.0.0.2", to: "10.0.0.9" }, udp(port, 2));
      sources.add(sourceOf(ethernet({ to: PEER, from: OWN }, inside)));
    }
    expect(sources.size).toBe(2);
  });

  test("falls back to its hash while that slice's NIC is dead, or where there is no such slice", () => {
    maps.steer({ vifSlot: GUEST, vlan: 0, mac: PEER, slice: 1 });
    bench.nic({ slot: 1, up: false });
    for (const target of targets) expect(sourceOf(reply(target))).toBe(MACS[0]);
    bench.nic({ slot: 1 });
    maps.steer({ vifSlot: GUEST, vlan: 0, mac: PEER, slice: 5 });
    expect(new Set(targets.map((target) => sourceOf(reply(target)))).size).toBe(2);
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BROADCAST, ethernet, ipv4, raw, udp } from "./packets.ts";
import type { ProgramBench, VerdictName } from "./program-bench.ts";
import { DB, EMPTY, hostBench, ip, OTHER, PEER, PLAIN, SHOT, toPeer, UNKNOWN, UNSPEC, WEB } from "./test-host.ts";

/** Slots: one whose addresses are checked too, one that may send any MAC. */
const MACVTAP = 20;
const ANY_MAC = 21;
const MAC = "52:54:00:00:00:20";
const ANY = "52:54:00:00:00:21";
const classOf = (slot: number) => (0xa09a0000 + 8 * (slot + 1)) >>> 0;

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
  bench.vif({
    slot: MACVTAP,
    mac: MAC,
    flags: ["CHECK_MAC", "CHECK_IP", "MACVTAP"],
    slices: [{ nic: 0, mac: MAC, classid: classOf(MACVTAP) }],
    addresses: ["10.0.0.1"],
  });
  bench.vif({ slot: ANY_MAC, mac: ANY, flags: ["MACVTAP"], slices: [{ nic: 0, mac: ANY, classid: classOf(ANY_MAC) }] });
});
afterAll(() => bench[Symbol.dispose]());

describe("a frame by a macvtap", () => {
  const foreign = ipv4({ from: "10.0.0.7", to: "10.0.0.9" }, udp(1, 2));
  const tagged = ethernet({ to: PEER, from: MAC, tag: { vlan: 30 } }, ipv4(ip, udp(1, 2)));
  const lacp = ethernet({ to: "01:80:c2:00:00:02", from: MAC }, raw(new Uint8Array(110), 0x8809));
  test.each<[string, number, Uint8Array, VerdictName]>([
    ["goes on to its NIC", MACVTAP, toPeer(MAC), "BY_MACVTAP"],
    ["goes on to all", MACVTAP, ethernet({ to: BROADCAST, from: MAC }, ipv4(ip, udp(1, 2))), "BY_MACVTAP"],
    [
      "for a guest of the hub goes on too: no station is asked",
      MACVTAP,
      ethernet({ to: WEB, from: MAC }, ipv4(ip, udp(1, 2))),
      "BY_MACVTAP",
    ],
    ["with a foreign MAC", MACVTAP, toPeer(OTHER), "DROP_SPOOFED_MAC"],
    ["with a foreign MAC, where it may", ANY_MAC, toPeer(DB), "BY_MACVTAP"],
    ["with a foreign address", MACVTAP, toPeer(MAC, foreign), "DROP_SPOOFED_IP"],
    ["with a tag", MACVTAP, tagged, "DROP_VLAN"],
    ["to the switch itself", MACVTAP, lacp, "DROP_LINK_CONTROL"],
    ["of a guest that has gone", UNKNOWN, toPeer(MAC), "DROP_STRAY"],
    ["of a guest of the hub", PLAIN, toPeer(WEB), "DROP_STRAY"],
  ])("%s", (_name, slot, frame, verdict) => {
    const result = bench.fromMacvtap(slot, frame);
    expect(result.verdict).toBe(verdict);
    expect(result.returned).toBe(verdict === "BY_MACVTAP" ? UNSPEC : SHOT);
  });

  test("has its guest's class, whatever class it came with, and is counted to its slice", () => {
    const before = bench.counters(MACVTAP, 0).txPackets;
    expect(bench.fromMacvtap(MACVTAP, toPeer(MAC), { priority: classOf(PLAIN) }).priority).toBe(classOf(MACVTAP));
    expect(bench.counters(MACVTAP, 0).txPackets).toBe(before + 1n);
  });

  test("is dropped where its guest has no slice", () => {
    bench.vif({ slot: EMPTY, mac: MAC, flags: ["MACVTAP"], slices: [] });
    expect(bench.fromMacvtap(EMPTY, toPeer(MAC)).verdict).toBe("DROP_NO_SLICE");
  });
});

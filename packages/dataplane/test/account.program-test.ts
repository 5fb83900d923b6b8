import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ethernet, ipv4, ipv6, tcp, udp } from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import { ACCESS, hostBench, ip, ip6, PEER, PLAIN, TRUNK, TRUNKED, toPeer, VLAN_20, WEB } from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

/** What the first slice of a vif counted during `work`. */
function counted(slot: number, work: () => void) {
  const before = bench.counters(slot, 0);
  work();
  const after = bench.counters(slot, 0);
  return {
    tx: [Number(after.txPackets - before.txPackets), Number(after.txBytes - before.txBytes)],
    rx: [Number(after.rxPackets - before.rxPackets), Number(after.rxBytes - before.rxBytes)],
  };
}

describe("bytes on the wire", () => {
  test("of a plain frame: its length", () => {
    const frame = toPeer(WEB);
    expect(counted(PLAIN, () => bench.fromGuest(PLAIN, frame)).tx).toEqual([1, frame.length]);
  });

  test("of a guest in an access VLAN: the tag that the wire has is counted", () => {
    const frame = toPeer(VLAN_20);
    expect(counted(ACCESS, () => bench.fromGuest(ACCESS, frame)).tx).toEqual([1, frame.length + 4]);
  });

  test("of a trunk's frame: its tag, once", () => {
    const frame = ethernet({ to: PEER, from: TRUNKED, tag: { vlan: 30 } }, ipv4(ip, udp(1, 2)));
    expect(counted(TRUNK, () => bench.fromGuest(TRUNK, frame)).tx).toEqual([1, frame.length]);
  });

  test("on the way in, tag included", () => {
    const frame = ethernet({ to: WEB, from: PEER }, ipv4(ip, udp(1, 2)));
    expect(counted(PLAIN, () => bench.fromWire(0, frame)).rx).toEqual([1, frame.length]);
    const tagged = ethernet({ to: VLAN_20, from: PEER, tag: { vlan: 20 } }, ipv4(ip, udp(1, 2)));
    expect(counted(ACCESS, () => bench.fromWire(0, tagged)).rx).toEqual([1, tagged.length]);
  });

  const payload = new Uint8Array(3000);
  const gso = [
    ["TCP", ipv4(ip, tcp(1, 2, payload)), 14 + 20 + 20],
    ["TCP with time stamps", ipv4(ip, tcp(1, 2, payload, true)), 14 + 20 + 32],
    ["TCP over IPv6", ipv6(ip6, tcp(1, 2, payload, true)), 14 + 40 + 32],
    ["UDP", ipv4(ip, udp(1, 2, payload)), 14 + 20 + 8],
  ] as const;
  test.each(gso)("of a GSO packet, %s: every segment's headers", (_, inside, header) => {
    const frame = toPeer(WEB, inside);
    const bytes = 3000 + 3 * header;
    const context = { gsoSegments: 3, gsoSize: 1000 };
    expect(counted(PLAIN, () => bench.fromGuest(PLAIN, frame, context)).tx).toEqual([3, bytes]);
    const back = ethernet({ to: WEB, from: PEER }, inside);
    expect(counted(PLAIN, () => bench.fromWire(0, back, context)).rx).toEqual([3, bytes]);
  });

  test("of a tap's GSO packet, which says its size and not its segments", () => {
    const frame = toPeer(WEB, ipv4(ip, tcp(1, 2, payload)));
    const tx = counted(PLAIN, () => bench.fromGuest(PLAIN, frame, { gsoSize: 1400 })).tx;
    expect(tx).toEqual([3, 3000 + 3 * 54]);
  });
});

test("what is dropped, or passes, is nobody's traffic", () => {
  const work = () => {
    bench.fromGuest(PLAIN, toPeer("52:54:00:99:99:99"));
    bench.fromWire(0, ethernet({ to: "52:54:00:99:99:99", from: PEER }, ipv4(ip, udp(1, 2))));
  };
  expect(counted(PLAIN, work)).toEqual({ tx: [0, 0], rx: [0, 0] });
});

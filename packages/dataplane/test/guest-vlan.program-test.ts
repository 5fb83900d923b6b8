import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ethernet, ipv4, udp } from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import { ACCESS, hostBench, ip, OTHER, PEER, PLAIN, TRUNK, TRUNKED, toPeer, VLAN_20, WEB } from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

describe("VLANs of guests", () => {
  const tagged = (
    slot: number,
    source: string,
    tag: { vlan: number; priority?: number; ethertype?: number },
    innerTag?: { vlan: number },
  ) =>
    bench.fromGuest(
      slot,
      ethernet({ to: PEER, from: source, tag, ...(innerTag === undefined ? {} : { innerTag }) }, ipv4(ip, udp(1, 2))),
    );

  test("an access guest sends untagged frames into its VLAN", () => {
    expect(bench.fromGuest(ACCESS, toPeer(VLAN_20)).verdict).toBe("TO_WIRE");
    expect(bench.fromGuest(ACCESS, ethernet({ to: WEB, from: VLAN_20 }, ipv4(ip, udp(1, 2)))).verdict).toBe("TO_WIRE");
  });
  test("a priority tag is taken for no tag", () => {
    expect(tagged(ACCESS, VLAN_20, { vlan: 0, priority: 5 }).verdict).toBe("TO_WIRE");
    expect(tagged(PLAIN, WEB, { vlan: 0, priority: 5 }).verdict).toBe("TO_WIRE");
  });
  test("a guest in no VLAN keeps its priority tag on the wire", () => {
    const frame = ethernet({ to: PEER, from: WEB, tag: { vlan: 0, priority: 5 } }, ipv4(ip, udp(1, 2)));
    expect(bench.fromGuest(PLAIN, frame).packet).toEqual(frame);
  });
  test("an access guest may not tag, not even its own VLAN", () => {
    expect(tagged(ACCESS, VLAN_20, { vlan: 20 }).verdict).toBe("DROP_VLAN");
    expect(tagged(ACCESS, VLAN_20, { vlan: 30 }).verdict).toBe("DROP_VLAN");
    expect(tagged(PLAIN, WEB, { vlan: 30 }).verdict).toBe("DROP_VLAN");
  });
  test("a trunk guest may use its VLANs and no other", () => {
    expect(tagged(TRUNK, TRUNKED, { vlan: 30 }).verdict).toBe("TO_WIRE");
    expect(tagged(TRUNK, TRUNKED, { vlan: 31 }).verdict).toBe("TO_WIRE");
    expect(tagged(TRUNK, TRUNKED, { vlan: 20 }).verdict).toBe("DROP_VLAN");
    expect(bench.fromGuest(TRUNK, toPeer(TRUNKED)).verdict).toBe("TO_WIRE");
  });
  test("a trunk's frame keeps its tag", () => {
    const frame = ethernet({ to: PEER, from: TRUNKED, tag: { vlan: 30, priority: 3 } }, ipv4(ip, udp(1, 2)));
    expect(bench.fromGuest(TRUNK, frame).packet).toEqual(frame);
  });
  test("nobody stacks tags or uses 802.1ad", () => {
    expect(tagged(TRUNK, TRUNKED, { vlan: 30 }, { vlan: 20 }).verdict).toBe("DROP_VLAN");
    expect(tagged(ACCESS, VLAN_20, { vlan: 0 }, { vlan: 20 }).verdict).toBe("DROP_VLAN");
    expect(tagged(TRUNK, TRUNKED, { vlan: 30, ethertype: 0x88a8 }).verdict).toBe("DROP_VLAN");
  });
  test("spoofing is seen behind a tag", () => {
    expect(tagged(TRUNK, OTHER, { vlan: 30 }).verdict).toBe("DROP_SPOOFED_MAC");
  });
});

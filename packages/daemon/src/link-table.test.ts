import type { LinkState } from "@gona/kernel";
import { expect, test } from "vitest";
import { LinkTable } from "./link-table.ts";

const link = (name: string, ifindex: number, carrier = true): LinkState => ({
  name,
  ifindex,
  kind: "veth",
  mac: "02:00:00:00:00:01",
  mtu: 1500,
  up: true,
  carrier,
  peerElsewhere: false,
  txBytes: 0n,
  rxBytes: 0n,
  txPackets: 0n,
  rxPackets: 0n,
  txDropped: 0n,
  rxDropped: 0n,
});
const changed = (state: LinkState) => ({ kind: "changed", link: state }) as const;

test("only what matters is a change", () => {
  const table = new LinkTable();
  expect(table.apply(changed(link("eth1", 3)))).toEqual([{ kind: "appeared", name: "eth1" }]);
  expect(table.apply(changed({ ...link("eth1", 3), mtu: 9000, txBytes: 7n }))).toEqual([]);
  const cause = "carrier went";
  expect(table.apply(changed(link("eth1", 3, false)))).toEqual([
    { kind: "carrier", name: "eth1", alive: false, cause },
  ]);
  table.apply(changed(link("eth1", 3)));
  expect(table.apply(changed({ ...link("eth1", 3, false), up: false }))).toEqual([
    { kind: "carrier", name: "eth1", alive: false, cause: "somebody set the link down" },
  ]);
  expect(table.isAlive("eth1")).toBe(false);
});

test("a link that goes and comes back under its name is another link", () => {
  const table = new LinkTable();
  table.refresh([link("tap0", 3)]);
  expect(table.apply({ kind: "deleted", name: "tap0", ifindex: 3 })).toEqual([{ kind: "vanished", name: "tap0" }]);
  expect(table.apply(changed(link("tap0", 4)))).toEqual([{ kind: "appeared", name: "tap0" }]);
});

test("a successor seen before the deletion is kept when that comes late", () => {
  const table = new LinkTable();
  table.refresh([link("tap0", 3)]);
  expect(table.apply(changed(link("tap0", 4)))).toEqual([{ kind: "replaced", name: "tap0" }]);
  expect(table.apply({ kind: "deleted", name: "tap0", ifindex: 3 })).toEqual([]);
  expect(table.has("tap0")).toBe(true);
});

test("a renamed link vanishes under the old name and appears under the new", () => {
  const table = new LinkTable();
  table.refresh([link("eth0", 3)]);
  expect(table.apply(changed(link("wan", 3)))).toEqual([
    { kind: "vanished", name: "eth0" },
    { kind: "appeared", name: "wan" },
  ]);
  expect([...table.names]).toEqual(["wan"]);
});

test("a refresh after lost events finds what came, went and was replaced", () => {
  const table = new LinkTable();
  table.refresh([link("a", 1), link("b", 2), link("c", 3)]);
  expect(table.refresh([link("a", 1, false), link("b", 9), link("d", 4)])).toEqual([
    { kind: "carrier", name: "a", alive: false, cause: "carrier went" },
    { kind: "replaced", name: "b" },
    { kind: "appeared", name: "d" },
    { kind: "vanished", name: "c" },
  ]);
});

test("who looked at a link is believed before its events; it lives when both agree", () => {
  const table = new LinkTable();
  table.apply(changed(link("eth1", 3)));
  const carrier = (alive: boolean) => [
    { kind: "carrier", name: "eth1", alive, cause: alive ? "carrier came" : "carrier went" },
  ];
  expect(table.seen("eth1", false)).toEqual(carrier(false));
  expect(table.seen("eth1", false)).toEqual([]);
  // A message that was on its way.
  expect(table.apply(changed(link("eth1", 3)))).toEqual([]);
  expect(table.isAlive("eth1")).toBe(false);
  expect(table.apply(changed(link("eth1", 3, false)))).toEqual([]);
  expect(table.seen("eth1", true)).toEqual([]);
  expect(table.apply(changed(link("eth1", 3)))).toEqual(carrier(true));
  // Another link of that name is not the one that was looked at.
  table.seen("eth1", false);
  expect(table.apply(changed(link("eth1", 4)))).toEqual([{ kind: "replaced", name: "eth1" }]);
  expect(table.isAlive("eth1")).toBe(true);
});

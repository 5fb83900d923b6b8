import type { NicId, VifId } from "@gona/model";
import { expect, test } from "vitest";
import type { Station, VifEntry } from "./hub-state.ts";
import { movingVifs } from "./moving-vifs.ts";
import type { Step } from "./step.ts";

const web1 = "web1" as VifId;
const vif = (nics: readonly (string | null)[], more: Partial<VifEntry> = {}): VifEntry =>
  ({ slot: 3, fabric: 1, slices: nics.map((nic) => nic && { nic: nic as NicId }), ...more }) as VifEntry;
const station = (mac: string, more: Partial<Station> = {}): Station => ({
  fabric: 1,
  vlan: 0,
  mac,
  vifSlot: 3,
  slice: 0,
  ...more,
});

const change = (before: VifEntry | undefined, value: VifEntry): Step =>
  ({ kind: "set", facet: "vifs", key: web1, value, ...(before && { before }) }) as Step;
const cleared = (before: Station): Step => ({ kind: "clear", facet: "stations", key: before.mac, before }) as Step;

const moving = (...steps: readonly Step[]) => [...movingVifs(steps)].map(([id, gone]) => [id, gone.map((s) => s.mac)]);

test("a vif that loses a slice or gets another home moves, with the slices' stations that go", () => {
  const going = [
    cleared(station("a")),
    cleared(station("b", { vifSlot: 4 })),
    cleared(station("own", { slice: "own" })),
  ];
  expect(moving(change(vif(["eth1", "eth2"]), vif([null, "eth2"])), ...going)).toEqual([[web1, ["a"]]]);
  expect(moving(change(vif([null, "eth2"]), vif(["eth1", "eth2"])))).toEqual([[web1, []]]);
});

test("a vif that gets a slice above the others does not move, unless it does already", () => {
  expect(moving(change(vif(["eth1"]), vif(["eth1", "eth2"])))).toEqual([]);
  expect(moving(change(vif(["eth1"], { moving: true }), vif(["eth1", "eth2"])))).toEqual([[web1, []]]);
});

test("a vif that is new, was broken, got another slot or fabric, or has no NIC left is nowhere to be found", () => {
  const now = vif(["eth2"]);
  expect(moving(change(undefined, now))).toEqual([]);
  expect(moving(change(vif(["eth1"], { stale: true }), now))).toEqual([]);
  expect(moving(change(vif(["eth1"], { slot: 4 }), now))).toEqual([]);
  expect(moving(change(vif(["eth1"], { fabric: 2 }), now))).toEqual([]);
  expect(moving(change(vif(["eth1"]), vif([])))).toEqual([]);
});

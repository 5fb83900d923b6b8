import { type DomainId, type NicId, nicId } from "@gona/model";
import { expect, test } from "vitest";
import { EMPTY_HUB, type Trunk } from "./hub-state.ts";
import { plan } from "./plan.ts";
import { trunkOf } from "./trunk-plan.ts";

const NIC = nicId("eth1");
const trunk = trunkOf(NIC, { isolation: "netns", domain: "dd-a" as DomainId, netns: "gona.dd-a" });
const leftOver = (device: string): [NicId, Trunk] => [
  nicId(device),
  { kind: "veth", device, domain: "" as DomainId, peer: "", netns: "", stale: true },
];
const desired = { ...EMPTY_HUB, trunks: new Map([[NIC, trunk]]) };
const stepsFrom = (trunks: [NicId, Trunk][]) =>
  plan({ ...EMPTY_HUB, trunks: new Map(trunks) }, desired).map(({ kind, key }) => `${kind} ${key}`);

test("a pair that was left half made under the names of a trunk goes when that one is made, not after it", () => {
  expect(stepsFrom([leftOver("gt-eth1"), leftOver("gd-eth1")])).toEqual(["set eth1"]);
});

test("a pair that was left under other names goes after the trunk has come", () => {
  expect(stepsFrom([leftOver("gt-eth2"), leftOver("gd-eth2")])).toEqual(["set eth1", "clear gt-eth2", "clear gd-eth2"]);
});

import type { NicId, VifId } from "@gona/model";
import { EMPTY_HUB, type HubState, type Step } from "@gona/planner";
import { expect, test } from "vitest";
import { stepOwners } from "./step-owners.ts";

/** Only what names owners counts here. */
const HUB = {
  ...EMPTY_HUB,
  nics: new Map([
    ["eth1" as NicId, {}],
    ["eth2" as NicId, {}],
  ]),
  trunks: new Map([["eth2" as NicId, { kind: "veth", device: "gt-eth2", peer: "gd-eth2", domain: "dd-a" }]]),
  spines: new Map([
    ["in eth1", { device: "gq-in-eth1", peer: "gp-in-eth1" }],
    ["cap", { device: "gq-cap", peer: "gp-cap" }],
  ]),
  vifs: new Map([["web1" as VifId, { slot: 3, device: "vnet0" }]]),
} as unknown as HubState;
const step = (facet: string, key: string, value: object = {}) =>
  ({ kind: "set", facet, key, value }) as unknown as Step;

test.for([
  [step("nics", "eth1"), ["nic eth1"]],
  [step("trees", "eth1"), ["nic eth1"]],
  [step("trees", "gq-in-eth1"), ["nic eth1"]],
  [step("trees", "gq-cap"), []],
  [step("trees", "vnet0"), ["vif web1"]],
  [step("spines", "in eth1"), ["nic eth1"]],
  [step("spines", "cap"), []],
  [step("spineFilters", "gp-in-eth1"), ["nic eth1"]],
  [step("vifFilters", "vnet0"), ["vif web1"]],
  [step("trafficRules", "web1"), ["vif web1"]],
  [step("slices", "eth1 3", { link: "eth1", vifSlot: 3 }), ["nic eth1", "vif web1"]],
  [step("slices", "gq-in-eth1 3", { link: "gq-in-eth1", vifSlot: 3 }), ["nic eth1", "vif web1"]],
  [step("slices", "gq-cap 3", { link: "gq-cap", vifSlot: 3 }), ["vif web1"]],
  [step("segments", "1/0"), []],
  // What the domain's agent does is the domain's; a gate is a matter of the hub.
  [step("nics", "eth2"), ["nic eth2"]],
  [step("trunks", "eth2"), ["domain dd-a", "nic eth2"]],
  [step("domainFilters", "eth2"), ["domain dd-a", "nic eth2"]],
  [step("trees", "gd-eth2"), ["domain dd-a", "nic eth2"]],
  [step("slices", "eth2 3", { link: "eth2", vifSlot: 3 }), ["domain dd-a", "nic eth2", "vif web1"]],
] as const)("%j is for %j", ([one, owners]) => {
  expect(stepOwners(HUB)(one)).toEqual(owners);
});

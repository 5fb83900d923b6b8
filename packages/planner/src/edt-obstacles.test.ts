import { parseSpec } from "@gona/model";
import { expect, it } from "vitest";
import { wholeInventory } from "../test/big-host.ts";
import { desiredState } from "./desired-state.ts";
import { fitSpec } from "./fit-spec.ts";
import { EMPTY_HUB } from "./hub-state.ts";

const NIC = "{ name: eth1, capacity: 1Gbit, shaper: edt }";
const SLICES = "slices: [{ nic: eth1, egress: { limit: 100Mbit } }]";

const text = (aggregate: string, nic = NIC): string => `apiVersion: gona/v1
domains: [{ name: apart, isolation: netns }]
nics: [${nic}]
guests: [{ name: web1, vif: { device: vnet0, mac: "52:54:00:00:00:01" }, aggregate: { ${aggregate} } }]
`;
const specOf = (aggregate: string, nic?: string) => parseSpec(text(aggregate, nic), { file: "spec.yaml" }).spec;
const pathsOf = (aggregate: string, nic?: string): readonly string[] =>
  fitSpec(specOf(aggregate, nic)).findings.map(({ path }) => path);

it("limits alone are taken, also those of what comes in", () => {
  expect(pathsOf(`${SLICES}, limit: { ingress: 50Mbit, local: 1Gbit }`)).toEqual([]);
});

it.each([
  ["a reservation", "slices: [{ nic: eth1, egress: { reserve: 8kbit } }]", "slices[0].egress.reserve"],
  ["shares", "slices: [{ nic: eth1, egress: { shares: 200 } }]", "slices[0].egress.shares"],
  ["a limit over all NICs", `${SLICES}, limit: { egress: 50Mbit }`, "limit.egress"],
  ["a latency goal", `${SLICES}, latency: 5ms`, "latency"],
  ["classes", `${SLICES}, classes: [{ name: voice, match: { dscp: [ef] } }]`, "classes"],
  ["a reservation that the planner places", "want: { reserve: 10Mbit }", "want.reserve"],
])("%s is refused with its place", (_what, aggregate, path) => {
  expect(pathsOf(aggregate)).toEqual([`guests[0].aggregate.${path}`]);
});

it.each([
  ["overhead: 24", "overhead"],
  ["offload: on", "offload"],
  ["host: { reserve: 10Mbit }", "host"],
  ["domain: apart", "domain"],
])("a NIC with %s is refused with its place", (words, path) => {
  expect(pathsOf(SLICES, NIC.replace("}", `, ${words} }`))).toEqual([`nics[0].${path}`]);
});

it("its slices have times in place of classes, at their limits", () => {
  const spec = specOf(SLICES);
  const { hub } = desiredState({ spec, inventory: wholeInventory(spec), observed: EMPTY_HUB });
  expect(hub.trees.get("eth1")).toEqual({ timed: true });
  expect(hub.slices.size).toBe(0);
  expect(hub.nics.get(spec.nics[0]?.name as never)?.timed).toBe(true);
  expect([...hub.vifs.values()][0]?.slices[0]?.egress).toBe(100e6);
});

import { GonaError, SpecErrors } from "@gona/model";
import { expect, test } from "vitest";
import { parseScenario } from "./parse-scenario.ts";
import { renameNamespaces } from "./scenario-source.ts";

const SCENARIO = `apiVersion: gona-lab/v1
title: Two NICs
spec:
  apiVersion: gona/v1
  nics:
    - { name: eth1, capacity: 1Gbit, fabric: rack }
  guests:
    - name: web
      vif: { create: { netns: web, name: eth0 }, mac: "52:54:00:00:00:01", addresses: [10.0.0.1] } # kept
      aggregate: { slices: [{ nic: eth1, egress: { limit: 100Mbit } }], balance: hash }
peers:
  - { name: client, fabric: rack, addresses: [10.0.0.100/24] }
traffic:
  - { name: load, kind: tcp, from: web, to: client }
  - { name: pulse, kind: probe, from: web, to: client, perSecond: 1000 }
phases:
  - title: One
    lasts: 4s
    traffic: [load, pulse]
    events: [{ at: 2s, heal: eth1 }, { at: 500ms, cut: eth1 }]
    expect:
      - { limit: web@eth1 }
      - { probe: pulse, gap: 5ms, lost: 3 }
`;
const parse = (text: string) => parseScenario(text, "test.yaml", "test");

/** Replaces one thing and returns the errors, as `line:column message`. */
function errorsOf(found: string, by: string): string[] {
  expect(SCENARIO).toContain(found);
  try {
    parse(SCENARIO.replace(found, by));
  } catch (error) {
    if (!(error instanceof GonaError)) throw error;
    const all = error instanceof SpecErrors ? error.errors : [error];
    return all.map(({ detail, message }) => `${detail.location?.line}:${detail.location?.column} ${message}`);
  }
  return [];
}

test("a scenario is read with its spec, and events stand in order of time", () => {
  const scenario = parse(SCENARIO);
  expect(scenario.spec.host.guests.map(({ name }) => name)).toEqual(["web"]);
  expect(scenario.phases[0]?.events.map(({ at, event }) => [at, event.kind])).toEqual([
    [500, "cut"],
    [2000, "heal"],
  ]);
  expect(scenario.phases[0]?.expect).toEqual([
    { kind: "limit", slice: { guest: "web", nic: "eth1" }, within: 0.01 },
    { kind: "probe", probe: "pulse", gap: 5, lost: 3 },
  ]);
});

test("an error in the GONA spec points into the scenario's file", () => {
  expect(errorsOf("capacity: 1Gbit", "capacity: 1GB")[0]).toMatch(/^6:31 /);
});

test("names that nothing has are refused with their place", () => {
  expect(errorsOf("to: client }\n  - { name: pulse", "to: clint }\n  - { name: pulse")[0]).toMatch(
    /^14:45 there is no guest or peer clint/,
  );
  expect(errorsOf("cut: eth1", "cut: eth9")[0]).toMatch(/^20:56 there is no NIC eth9/);
  expect(errorsOf("web@eth1", "web@eth2")[0]).toContain("there is no slice of web on eth2");
  expect(errorsOf("traffic: [load, pulse]", "traffic: [load, plus]")[0]).toMatch(/^19:21 there is no traffic plus/);
  expect(errorsOf("{ name: client, fabric: rack", "{ name: client, fabric: rak")[0]).toContain(
    "there is no fabric rak",
  );
});

test("wrong words, durations and doubles are refused with their place", () => {
  expect(errorsOf("lasts: 4s", "lasts: 4")[0]).toMatch(/^18:12 /);
  expect(errorsOf("lasts: 4s", "lasts: 1s")[0]).toMatch(/^18:12 .*settle/);
  expect(errorsOf("title: One", "titel: One").join()).toContain("titel");
  expect(errorsOf("name: client,", "name: web,")[0]).toContain("two of guest or peer are called web");
});

test("a text that is no YAML is a syntax error", () => {
  expect(errorsOf("phases:\n", "phases: [\n")).not.toEqual([]);
});

test("namespaces of created vifs are renamed and nothing else changes", () => {
  const { text } = parse(SCENARIO).spec;
  const renamed = renameNamespaces(text, (netns) => `gona-test-guest-${netns}`);
  expect(renamed).toContain("netns: gona-test-guest-web, name: eth0");
  expect(renamed).toContain("name: web\n");
  expect(renamed).toContain("# kept");
});

test("a domain fails in the ways of its isolation alone", () => {
  const domains = `  domains: [{ name: dd, isolation: netns }]\n  nics:`;
  const crash = (words: string) =>
    SCENARIO.replace("  nics:", domains).replace("{ at: 2s, heal: eth1 }", `{ at: 2s, ${words} }`);
  const [, event] = parse(crash("crash: dd, by: agent-hung")).phases[0]?.events ?? [];
  expect(event?.event).toEqual({ kind: "crash", domain: "dd", by: "agent-hung" });
  expect(() => parse(crash("crash: dd, by: vm-killed"))).toThrow(
    /no crash of a domain with isolation netns by vm-killed/,
  );
  expect(() => parse(crash("crash: db, by: agent-hung"))).toThrow(/no domain db/);
});

import { nicId } from "@gona/model";
import { describe, expect, it } from "vitest";
import { bigHost, wholeInventory } from "../test/big-host.ts";
import { firstOf } from "../test/first-of.ts";
import { desiredState } from "./desired-state.ts";
import { explainFlow } from "./explain-flow.ts";
import { EMPTY_HUB } from "./hub-state.ts";
import { parseFlow } from "./parse-flow.ts";

const spec = bigHost(1, 3);
const { hub } = desiredState({ spec, inventory: wholeInventory(spec), observed: EMPTY_HUB });
const vif = firstOf(hub.vifs.values());
const flow = (port: number) => parseFlow(`tcp 10.1.0.0:${port} > 10.9.9.9:443`);

describe("explainFlow", () => {
  it("spreads flows over the slices by their buckets", () => {
    const nics = Array.from({ length: 3000 }, (_, i) => explainFlow(vif, flow(i + 1024), () => true).taken?.nic);
    for (const nic of ["eth1", "eth2", "eth3"]) {
      expect(nics.filter((taken) => taken === nic).length).toBeGreaterThan(800);
    }
  });

  it("leaves a dead slice's flows to the living, and the others where they are", () => {
    const lives = (nic: string) => nic !== "eth2";
    const moved = new Set<string | undefined>();
    for (let port = 1024; port < 2024; port++) {
      const path = explainFlow(vif, flow(port), lives);
      expect(path.taken?.nic).not.toBe("eth2");
      if (path.chosen?.nic === "eth2") moved.add(path.taken?.nic);
      else expect(path.taken).toEqual(path.chosen);
    }
    expect(moved).toEqual(new Set(["eth1", "eth3"]));
  });

  it("finds the last living slice also when no bucket points to it", () => {
    const buckets = new Uint8Array(1024);
    const path = explainFlow({ ...vif, buckets }, flow(1), (nic) => nic === nicId("eth3"));
    expect(path.chosen?.nic).toBe("eth1");
    expect(path.taken?.nic).toBe("eth3");
  });

  it("takes nothing where nothing lives", () => {
    expect(explainFlow(vif, flow(1), () => false).taken).toBeUndefined();
  });
});

describe("parseFlow", () => {
  it.each([
    ["tcp 10.0.0.11:43210 > 10.0.9.9:443", [6, "10.0.0.11", 43210, "10.0.9.9", 443]],
    ["UDP [fd00::1]:53 -> [fd00::2]:5353", [17, "fd00::1", 53, "fd00::2", 5353]],
    ["icmp 10.0.0.11 > 10.0.9.9", [1, "10.0.0.11", 0, "10.0.9.9", 0]],
    ["icmp6 fd00::1 > fd00::2", [58, "fd00::1", 0, "fd00::2", 0]],
  ])("reads %s", (text, expected) => {
    const { protocol, from, sourcePort, to, destinationPort } = parseFlow(text);
    expect([protocol, from, sourcePort, to, destinationPort]).toEqual(expected);
  });

  it.each([
    "",
    "tcp 10.0.0.1 > 10.0.0.2",
    "tcp 10.0.0.1:1 10.0.0.2:2",
    "quic 10.0.0.1:1 > 10.0.0.2:2",
    "tcp 10.0.0.256:1 > 10.0.0.2:2",
    "tcp 10.0.0.1:70000 > 10.0.0.2:2",
    "tcp 10.0.0.1:1 > [fd00::1]:2",
    "tcp fd00::1:1 > fd00::2:2",
  ])("refuses %j with an example", (text) => {
    expect(() => parseFlow(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findingsError, formatErrors, parseSpec, unsupported } from "../src/index.ts";
import { wholeSpec } from "./whole-spec.ts";

const parse = (value: unknown) => parseSpec(JSON.stringify(value), { file: "host.json" });

describe("a good spec", () => {
  it("has its defaults filled in and its percentages resolved", () => {
    const { spec } = parse({
      apiVersion: "gona/v1",
      nics: [{ name: "eth1", capacity: "1.000000008Gbit" }],
      guests: [
        {
          name: "a",
          vif: { device: "tap0", mac: "52-54-00-AA-00-01" },
          aggregate: { slices: [{ nic: "eth1", egress: { reserve: "33%" } }] },
        },
      ],
    });
    expect(spec).toEqual({
      domains: [],
      fabrics: [{ name: "default", lag: false, probe: { interval: 500, lost: 3 } }],
      nics: [{ name: "eth1", domain: "host", fabric: "default", capacity: 1_000_000_008, failback: 2000, overhead: 0 }],
      guests: [
        {
          name: "a",
          vifs: [
            {
              id: "a",
              attachment: { kind: "device", device: "tap0" },
              mac: "52:54:00:aa:00:01",
              addresses: [],
              vlan: 0,
              trunk: [],
              antiSpoof: { mac: true, ip: false },
              aggregate: {
                // 33 % of the capacity, rounded down to a step of 8 bit/s
                slices: [{ nic: "eth1", egress: { reserve: 330_000_000, limit: 1_000_000_008, shares: 100 } }],
                balance: "hash",
                onNicLoss: "degrade",
                classes: [],
              },
            },
          ],
        },
      ],
    });
  });

  it("negotiates a bundle by fast LACP unless told otherwise", () => {
    const fabrics = [
      { name: "a", lag: true },
      { name: "b", lag: true, lacp: "off" },
      { name: "c", lag: false, lacp: "off" },
    ];
    expect(parse({ apiVersion: "gona/v1", fabrics }).spec.fabrics).toEqual([
      { name: "a", lag: true, lacp: "fast" },
      { name: "b", lag: true },
      { name: "c", lag: false, probe: { interval: 500, lost: 3 } },
    ]);
  });

  it("probes the paths of a fabric that is no lag unless told otherwise", () => {
    const fabrics = [
      { name: "a", probe: "off" },
      { name: "b", probe: { interval: "10ms" } },
      { name: "c", probe: { lost: 1 } },
      { name: "d", lag: true, lacp: "off", probe: "off" },
    ];
    expect(parse({ apiVersion: "gona/v1", fabrics }).spec.fabrics).toEqual([
      { name: "a", lag: false },
      { name: "b", lag: false, probe: { interval: 10, lost: 3 } },
      { name: "c", lag: false, probe: { interval: 500, lost: 1 } },
      { name: "d", lag: true },
    ]);
  });

  it("keeps every field of the whole language", () => {
    const { spec } = parse(wholeSpec());
    expect(spec.fabrics).toEqual([
      { name: "rack", lag: false, probe: { interval: 10, lost: 2 } },
      wholeSpec().fabrics[1],
    ]);
    expect(spec.nics.map(({ failback }) => failback)).toEqual([5000, 500, 2000]);
    expect(spec.guests.flatMap(({ vifs }) => vifs.map(({ id }) => id))).toEqual(["web1", "db1/disks"]);
    expect(spec.guests[0]?.vifs[0]?.aggregate).toMatchObject({
      slices: [
        { egress: { reserve: 300e6, limit: 1e9, shares: 200 }, ingress: { reserve: 1e6, limit: 2e9, shares: 3 } },
        { egress: { reserve: 100e6, limit: 500e6, shares: 1 } },
      ],
      limit: { egress: 1.2e9, ingress: 3e9, local: 8e9 },
      latency: 10,
      balance: "flowlet",
      onNicLoss: "keep-reserve",
      classes: [
        {
          match: {
            dscp: [46, 46],
            pcp: [5],
            protocol: 17,
            ports: [
              { from: 443, to: 443 },
              { from: 5000, to: 5999 },
            ],
          },
          priority: 0,
          reserve: { kind: "absolute", rate: 20e6 },
          limit: { kind: "ofSlice", ratio: 0.1 },
          latency: 5,
          remark: { dscp: 34, pcp: 6 },
        },
      ],
    });
    expect(spec.guests[1]?.vifs[0]?.aggregate.want).toEqual({
      reserve: 1.5e9,
      limit: 4e9,
      shares: 300,
      fabric: "rack",
      survive: 1,
    });
    expect(spec.nics.map(({ overhead }) => overhead)).toEqual([24, 0, 0]);
    expect(spec.nics.map(({ host }) => host)).toEqual([
      undefined,
      undefined,
      { reserve: 500e6, limit: 1e9, shares: 50 },
    ]);
  });

  it("is the same in JSON, in simple YAML and in YAML that only the library reads", () => {
    const yaml = "apiVersion: gona/v1\nnics:\n  - { name: eth1, capacity: 10Gbit }\n";
    const expected = parseSpec(yaml, { file: "f" }).spec;
    expect(parse({ apiVersion: "gona/v1", nics: [{ name: "eth1", capacity: "10Gbit" }] }).spec).toEqual(expected);
    expect(parseSpec(`---\n${yaml}...\n`, { file: "f" }).spec).toEqual(expected);
  });

  it("tells where its parts stand", () => {
    const text = "apiVersion: gona/v1\nnics:\n  - name: eth1\n    capacity: 10Gbit\n";
    const parsed = parseSpec(text, { file: "host.yaml" });
    expect(parsed.locate("nics[0].capacity")).toEqual({
      file: "host.yaml",
      line: 4,
      column: 15,
      path: "nics[0].capacity",
    });
    expect(parsed.locate("nics[0].fabric")).toMatchObject({ line: 3, column: 5 });
    expect(parsed.locate("")).toMatchObject({ line: 1, column: 1 });
  });
});

describe("what this version does not execute", () => {
  it("is refused part by part, each at its place", () => {
    const parsed = parse({ ...wholeSpec(), domains: [{ name: "dd-intel", isolation: "xen" }] });
    const found = unsupported(parsed.spec);
    expect(found.map(({ path }) => path).sort()).toEqual(["domains[0].isolation"]);
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(["SPEC_UNSUPPORTED"]));
    const error = findingsError(found, parsed);
    expect(error?.exitCode).toBe(2);
    expect(formatErrors(error ?? expect.fail("no error")).split("\n")[0]).toMatch(
      /^host.json:1:\d+: domains\[0\].isolation: a driver domain .*: not supported yet, allowed: isolation: netns or vm$/,
    );
  });

  it("is nothing in a spec of the foundation", () => {
    const parsed = parse({
      apiVersion: "gona/v1",
      domains: [{ name: "host", isolation: "host" }],
      nics: [{ name: "e", capacity: "1Gbit", domain: "host" }],
    });
    expect(unsupported(parsed.spec)).toEqual([]);
    expect(findingsError([], parsed)).toBeUndefined();
  });
});

it("the limits of the language are those of the map ABI", () => {
  const header = readFileSync(new URL("../../../bpf/gona_maps.h", import.meta.url), "utf8");
  const limit = (name: string) => Number(new RegExp(`${name}\\s*=?\\s*(\\d+)`).exec(header)?.[1]);
  const nics = Array.from({ length: limit("GONA_MAX_NICS") + 1 }, (_, i) => ({ name: `e${i}`, capacity: "1Gbit" }));
  expect(() => parse({ apiVersion: "gona/v1", nics })).toThrow("at most 64");
  expect(parse({ apiVersion: "gona/v1", nics: nics.slice(1) }).spec.nics).toHaveLength(limit("GONA_MAX_NICS"));
  const vif = (i: number) => ({
    name: `v${i}`,
    device: `d${i}`,
    mac: `52:54:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`,
    aggregate: { slices: [{ nic: "e0" }] },
  });
  const guests = (count: number) =>
    Array.from({ length: Math.ceil(count / 64) }, (_, g) => ({
      name: `g${g}`,
      vifs: Array.from({ length: Math.min(64, count - g * 64) }, (_, i) => vif(g * 64 + i)),
    }));
  const host = { apiVersion: "gona/v1", nics: nics.slice(0, 1) };
  expect(parse({ ...host, guests: guests(limit("GONA_MAX_VIFS")) }).spec.guests).toHaveLength(64);
  expect(() => parse({ ...host, guests: guests(limit("GONA_MAX_VIFS") + 1) })).toThrow("more than 4096 vifs");
});

import { describe, expect, it } from "vitest";
import { formatErrors, GonaError, parseSpec } from "../src/index.ts";
import { errorsOf } from "./spec-errors-of.ts";

const HEAD = `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
  - { name: eth3, capacity: 1Gbit, fabric: other }
guests:
`;
const guest = (aggregate: string, vif = 'device: vnet0, mac: "52:54:00:aa:00:01"', name = "web1") =>
  `  - name: ${name}\n    vif: { ${vif} }\n    aggregate: { ${aggregate} }\n`;
const one = (aggregate: string, vif?: string) => HEAD + guest(aggregate, vif);
const SLICE = "slices: [{ nic: eth1 }]";
const two = (vif: string, aggregate = SLICE) => one(SLICE) + guest(aggregate, vif, "web2");

const attachment = (n: number) =>
  `device: vnet${n}, mac: "52:54:00:aa:${[n >> 8, n & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}"`;

const said = (text: string) => errorsOf(text).map((error) => formatErrors(error));

describe("errors between fields", () => {
  it.each([
    [
      "a reserve above the limit",
      one("slices: [{ nic: eth1, egress: { reserve: 2Gbit, limit: 1Gbit } }]"),
      "host.yaml:9:53: guests[0].aggregate.slices[0].egress.reserve: the reserve 2 Gbit is above the limit 1 Gbit, allowed: at most the limit, 1 Gbit",
    ],
    [
      "a limit above the NIC",
      one("slices: [{ nic: eth2, egress: { limit: 2Gbit } }]"),
      "host.yaml:9:51: guests[0].aggregate.slices[0].egress.limit: the limit 2 Gbit is above the capacity of eth2, allowed: at most 1 Gbit",
    ],
    [
      "a limit below the least",
      one("slices: [{ nic: eth2, egress: { limit: 8bit } }]"),
      "host.yaml:9:51: guests[0].aggregate.slices[0].egress.limit: the limit is too low, allowed: 64 kbit or more",
    ],
    [
      "an unknown NIC",
      one("slices: [{ nic: eht1 }]"),
      'host.yaml:9:32: guests[0].aggregate.slices[0].nic: no such NIC: found "eht1", allowed: a NIC of this spec: eth1, eth2, eth3 (did you mean "eth1"?)',
    ],
    [
      "a NIC twice",
      one("slices: [{ nic: eth1 }, { nic: eth1 }]"),
      'host.yaml:9:45: guests[0].aggregate.slices[1].nic: "eth1" is already the NIC of the slice at guests[0].aggregate.slices[0].nic',
    ],
    [
      "two fabrics",
      one("slices: [{ nic: eth1 }, { nic: eth3 }]"),
      "host.yaml:9:45: guests[0].aggregate.slices[1].nic: eth3 is on the fabric other, but guests[0].aggregate.slices[0].nic is on rack, allowed: NICs of one fabric in one aggregate (a guest on two fabrics has two vifs (vifs:))",
    ],
    [
      "want beside slices",
      one(`${SLICE}, want: { reserve: 1Gbit }`),
      "host.yaml:9:41: guests[0].aggregate.want: want stands beside slices, allowed: either slices, or want to let the planner choose them",
    ],
    [
      "neither slices nor want",
      one("balance: hash"),
      "host.yaml:9:16: guests[0].aggregate: the aggregate has neither slices nor want, allowed: either slices, or want to let the planner choose them",
    ],
    [
      "active-backup without a backup",
      one(`${SLICE}, balance: active-backup`),
      "host.yaml:9:50: guests[0].aggregate.balance: active-backup has no backup with a single slice, allowed: active-backup with two slices or more",
    ],
    [
      "neither device nor create",
      one(SLICE, "mac: 52:54:00:aa:00:01"),
      "host.yaml:8:10: guests[0].vif: the vif has neither device nor create, allowed: either device (a link of the hub) or create (a veth pair that GONA makes)",
    ],
    [
      "device beside create",
      one(SLICE, "mac: 52:54:00:aa:00:01, device: a, create: { netns: n, name: b }"),
      "host.yaml:8:47: guests[0].vif.create: create stands beside device, allowed: either device (a link of the hub) or create (a veth pair that GONA makes)",
    ],
    [
      "a device that is a NIC",
      one(SLICE, "mac: 52:54:00:aa:00:01, device: eth1"),
      'host.yaml:8:44: guests[0].vif.device: "eth1" is already a NIC of this spec',
    ],
    [
      "antiSpoof.ip without addresses",
      one(SLICE, "mac: 52:54:00:aa:00:01, device: a, antiSpoof: { ip: true }"),
      "host.yaml:8:64: guests[0].vif.antiSpoof.ip: antiSpoof.ip without addresses would drop everything, allowed: true only beside addresses",
    ],
    [
      "the access VLAN in the trunk",
      one(SLICE, "mac: 52:54:00:aa:00:01, device: a, vlan: 7, trunk: [7, 8, 8]"),
      "host.yaml:8:64: guests[0].vif.trunk[0]: 7 is already the access VLAN of this vif",
    ],
    [
      "an empty match",
      one(`${SLICE}, classes: [{ name: a, match: {} }]`),
      "host.yaml:9:69: guests[0].aggregate.classes[0].match: the match is empty, allowed: at least one of dscp, pcp, protocol, ports",
    ],
    [
      "ports of a protocol without ports",
      one(`${SLICE}, classes: [{ name: a, match: { protocol: icmp, ports: [1] } }]`),
      "host.yaml:9:94: guests[0].aggregate.classes[0].match.ports: this protocol has no ports, allowed: ports with tcp, udp, sctp, dccp or udplite, or without protocol",
    ],
    [
      "an empty remark",
      one(`${SLICE}, classes: [{ name: a, match: { pcp: [1] }, remark: {} }]`),
      "host.yaml:9:94: guests[0].aggregate.classes[0].remark: the remark is empty, allowed: at least one of dscp, pcp",
    ],
    [
      "a remark out of range",
      one(`${SLICE}, classes: [{ name: a, match: { pcp: [1] }, remark: { pcp: 8 } }]`),
      'host.yaml:9:94: guests[0].aggregate.classes[0].remark.pcp: found "8", allowed: a whole number from 0 to 7',
    ],
    [
      "classes that reserve more than the slices may send",
      one(
        "slices: [{ nic: eth2, egress: { limit: 100Mbit } }], classes: [{ name: a, match: { pcp: [1] }, reserve: 70% }, { name: b, match: { pcp: [2] }, reserve: 40Mbit }]",
      ),
      "host.yaml:9:94: guests[0].aggregate.classes[1].reserve: the reservations of the classes add up to 110 Mbit, but the aggregate may send 100 Mbit, allowed: at most 30 Mbit is left for this class",
    ],
    [
      "a class with a limit above the slices'",
      one(`slices: [{ nic: eth2 }], classes: [{ name: a, match: { pcp: [1] }, limit: 2Gbit }]`),
      "host.yaml:9:94: guests[0].aggregate.classes[0].limit: the limit 2 Gbit is above what the aggregate may send, allowed: at most 1 Gbit",
    ],
    [
      "a class with a limit above the cap",
      one(`${SLICE}, limit: { egress: 1Gbit }, classes: [{ name: a, match: { pcp: [1] }, limit: 2Gbit }]`),
      "host.yaml:9:94: guests[0].aggregate.classes[0].limit: the limit 2 Gbit is above what the aggregate may send, allowed: at most 1 Gbit",
    ],
    [
      "six classes",
      one(
        `${SLICE}, classes: [${[1, 2, 3, 4, 5, 6].map((n) => `{ name: c${n}, match: { pcp: [${n}] } }`).join(", ")}]`,
      ),
      "host.yaml:9:94: guests[0].aggregate.classes: too many entries, allowed: at most 5",
    ],
    [
      "a latency goal that one frame breaks",
      one("slices: [{ nic: eth2, egress: { limit: 1Mbit } }], latency: 5ms"),
      "host.yaml:9:94: guests[0].aggregate.latency: the latency goal 5ms is shorter than one frame takes at 1 Mbit, allowed: 12.1ms or more",
    ],
    [
      "a latency goal out of range",
      one(`${SLICE}, latency: 20s`),
      'host.yaml:9:94: guests[0].aggregate.latency: found "20s", allowed: a duration with a unit (us, ms, s, min) from 500us to 10s, as in 5ms',
    ],
    [
      "a local limit below the least",
      one(`${SLICE}, limit: { local: 8kbit }`),
      "host.yaml:9:94: guests[0].aggregate.limit.local: the limit is too low, allowed: 64 kbit or more",
    ],
    [
      "a host that reserves more than its NIC has",
      HEAD.replace("{ name: eth2,", "{ name: eth2, host: { reserve: 2Gbit },"),
      "host.yaml:9:94: nics[1].host.reserve: the reserve 2 Gbit is above the capacity of the NIC, allowed: at most 1 Gbit",
    ],
    [
      "an overhead that no link has",
      HEAD.replace("{ name: eth2,", "{ name: eth2, overhead: 65,"),
      'host.yaml:9:94: nics[1].overhead: found "65", allowed: a whole number from 0 to 64',
    ],
    [
      "want where there are several fabrics",
      one("want: { reserve: 1Gbit }"),
      "host.yaml:9:94: guests[0].aggregate.want: the NICs are on several fabrics, allowed: fabric: one of rack, other",
    ],
    [
      "want on a fabric without NICs",
      one("want: { reserve: 1Gbit, fabric: rick }"),
      'host.yaml:9:94: guests[0].aggregate.want.fabric: no such fabric with a NIC: found "rick", allowed: a fabric with a NIC of this spec: rack, other (did you mean "rack"?)',
    ],
    [
      "want without NICs",
      `apiVersion: gona/v1\nguests:\n${guest("want: { reserve: 1Gbit }")}`,
      "host.yaml:9:94: guests[0].aggregate.want: there is no NIC that a slice could be on, allowed: want in a spec with nics",
    ],
    [
      "want with an order of NICs",
      one("want: { reserve: 1Gbit, fabric: rack }, balance: active-backup"),
      "host.yaml:9:94: guests[0].aggregate.balance: want names no NIC that could go first, allowed: active-backup beside slices, or another balance",
    ],
    [
      "want with keep-reserve",
      one("want: { reserve: 1Gbit, fabric: rack }, onNicLoss: keep-reserve"),
      "host.yaml:9:94: guests[0].aggregate.onNicLoss: what a want keeps is said by its survive, allowed: keep-reserve beside slices, or survive: 1 in the want",
    ],
    [
      "want that is to survive the loss of everything",
      one("want: { reserve: 1Gbit, fabric: rack, survive: 2 }"),
      "host.yaml:9:94: guests[0].aggregate.want.survive: the fabric rack has 2 NICs: with 2 lost nothing is left, allowed: at most 1",
    ],
    [
      "more slices than there may be",
      one(`slices: [${"{ nic: eth1 }, ".repeat(9)}]`),
      "host.yaml:9:26: guests[0].aggregate.slices: too many entries, allowed: at most 8",
    ],
    [
      "a list without anything in it",
      one("slices: []"),
      "host.yaml:9:26: guests[0].aggregate.slices: the list is empty, allowed: one entry or more",
    ],
    [
      "more guests than there may be vifs",
      HEAD + Array.from({ length: 4097 }, (_, n) => guest(SLICE, attachment(n), `g${n}`)).join(""),
      "host.yaml:7:3: guests: too many entries, allowed: at most 4096",
    ],
    [
      "no vif at all",
      `${HEAD}  - name: a\n`,
      "host.yaml:7:5: guests[0]: the guest has no vif and aggregate, allowed: either vif and aggregate, or vifs (a list of them)",
    ],
    [
      "a vif beside vifs",
      `${one(SLICE)}    vifs: [{ name: x, device: d, mac: 52:54:00:aa:00:09, aggregate: { ${SLICE} } }]\n`,
      "host.yaml:10:5: guests[0].vifs: vifs stands beside vif and aggregate, allowed: either vif and aggregate, or vifs (a list of them)",
    ],
    [
      "two guests of one name",
      one(SLICE) + guest(SLICE, "device: d, mac: 52:54:00:aa:00:09"),
      'host.yaml:10:11: guests[1].name: "web1" is already the name of the guest at guests[0].name',
    ],
    [
      "two vifs on one device",
      two("device: vnet0, mac: 52:54:00:aa:00:09"),
      'host.yaml:11:20: guests[1].vif.device: "vnet0" is already the device of the vif at guests[0].vif.device',
    ],
    [
      "one MAC twice, spelt differently",
      two("device: d, mac: 52-54-00-AA-00-01"),
      'host.yaml:11:28: guests[1].vif.mac: "52:54:00:aa:00:01" is already a MAC on this fabric at guests[0].vif.mac',
    ],
    [
      "a domain that is not there",
      HEAD.replace("{ name: eth1,", "{ name: eth1, domain: dd,"),
      'host.yaml:3:27: nics[0].domain: no such domain: found "dd", allowed: a domain of this spec: host',
    ],
    [
      "a fabric that the list lacks",
      HEAD.replace("nics:", "fabrics: [{ name: rack }]\nnics:"),
      'host.yaml:6:44: nics[2].fabric: no such fabric: found "other", allowed: a fabric of this spec: rack',
    ],
    [
      "the hub as a namespace",
      HEAD.replace("nics:", "domains: [{ name: host, isolation: netns }]\nnics:"),
      'host.yaml:2:36: domains[0].isolation: found "netns", allowed: host, for the domain host is the hub itself',
    ],
    [
      "a CPU twice",
      HEAD.replace("nics:", "domains: [{ name: dd, isolation: netns, cpus: [1, 2, 1] }]\nnics:"),
      'host.yaml:2:57: domains[0].cpus[2]: "1" is already a CPU of the domain at domains[0].cpus[0]',
    ],
    [
      "CPUs of the hub",
      HEAD.replace("nics:", "domains: [{ name: host, isolation: host, cpus: [1] }]\nnics:"),
      "host.yaml:2:48: domains[0].cpus: found a list, allowed: no cpus: the hub has no process of its own",
    ],
    [
      "a machine's device in a namespace",
      HEAD.replace("nics:", "domains: [{ name: dd, isolation: netns, device: e1000 }]\nnics:"),
      'host.yaml:2:49: domains[0].device: found "e1000", allowed: no device, or isolation: vm',
    ],
    [
      "a spare for a card that is passed through",
      HEAD.replace("nics:", "domains: [{ name: dd, isolation: vm, device: vfio, spare: true }]\nnics:"),
      "host.yaml:2:60: domains[0].spare: a card that is passed through is in one machine at a time, allowed: false, or an emulated device",
    ],
    [
      "memory without a unit",
      HEAD.replace("nics:", "domains: [{ name: dd, isolation: vm, memory: 128 }]\nnics:"),
      'host.yaml:2:46: domains[0].memory: found "128", allowed: memory from 112MiB to 4096MiB, as in 128MiB (did you mean "128MiB"?)',
    ],
    [
      "another version",
      "apiVersion: gona/v2\n",
      'host.yaml:1:13: apiVersion: found "gona/v2", allowed: gona/v1 (did you mean "gona/v1"?)',
    ],
    [
      "a rate without a unit",
      one("slices: [{ nic: eth1, egress: { limit: 300 } }]"),
      'host.yaml:9:55: guests[0].aggregate.slices[0].egress.limit: found "300", allowed: a rate with a unit (bit, kbit, Mbit, Gbit, Tbit), as in 300Mbit or 1.5Gbit, or a percentage of the NIC from 0% to 100% (did you mean "300Mbit"?)',
    ],
  ])("%s", (_, text, first) => {
    const lines = said(text);
    expect(lines[0]?.replace(/:\d+:\d+:/, ""), lines.join("\n")).toBe(first.replace(/:\d+:\d+:/, ""));
  });

  it("lets one MAC stand on two fabrics and one address in two VLANs", () => {
    expect(said(two("device: d, mac: 52:54:00:aa:00:01", "slices: [{ nic: eth3 }]"))).toEqual([]);
    const address = (vlan: number, mac: number) =>
      `device: d${mac}, mac: 52:54:00:aa:00:0${mac}, vlan: ${vlan}, addresses: [10.0.0.1]`;
    expect(said(HEAD + guest(SLICE, address(5, 1), "a") + guest(SLICE, address(6, 2), "b"))).toEqual([]);
    expect(said(HEAD + guest(SLICE, address(5, 1), "a") + guest(SLICE, address(5, 2), "b"))).toHaveLength(1);
  });

  it("gives all errors of a spec at once, in the order of the text", () => {
    const text = one(
      "slices: [{ nic: eth9, egress: { limit: 5 } }], balance: hsah",
      "device: a/b, mac: 01:00:5e:00:00:01",
    );
    expect(errorsOf(text).map(({ detail }) => detail.location?.path)).toEqual([
      "guests[0].vif.device",
      "guests[0].vif.mac",
      "guests[0].aggregate.slices[0].nic",
      "guests[0].aggregate.slices[0].egress.limit",
      "guests[0].aggregate.balance",
    ]);
  });
});

describe("texts that are no spec", () => {
  it.each([
    ["an empty file", "", "SPEC_INVALID", 1, 1],
    ["comments alone", "# nothing\n", "SPEC_INVALID", 1, 1],
    ["a word", "hello", "SPEC_INVALID", 1, 1],
    ["a list", "- a\n", "SPEC_INVALID", 1, 1],
    ["an open bracket", "apiVersion: gona/v1\nnics: [1\n", "SPEC_SYNTAX", 3, 1],
    ["a tab", "nics:\n\t- name: a\n", "SPEC_SYNTAX", 2, 1],
    ["two documents", "apiVersion: gona/v1\n---\na: 1\n", "SPEC_SYNTAX", 2, 1],
    ["binary junk", "ELF\u0000\u0001", "SPEC_SYNTAX", 1, 4],
    ["bytes that are no UTF-8", "name: \ufffd\ufffd", "SPEC_SYNTAX", 1, 7],
    ["a key twice", "apiVersion: gona/v1\napiVersion: gona/v1\n", "SPEC_SYNTAX", 2, 1],
    ["a key twice in JSON", '{"apiVersion": "gona/v1", "apiVersion": "gona/v1"}', "SPEC_SYNTAX", 1, 27],
    ["a tag", "apiVersion: !!js/function x\n", "SPEC_SYNTAX", 1, 13],
    ["an alias of nothing", "apiVersion: *x\n", "SPEC_SYNTAX", 1, 13],
    ["brackets without end", "[".repeat(1e5), "SPEC_SYNTAX", 1, 1],
    ["maps without end", '{"a":'.repeat(1e5), "SPEC_SYNTAX", 1, 1],
    ["dashes without end", "- ".repeat(1e5), "SPEC_SYNTAX", 1, 1],
    ["steps without end", Array.from({ length: 2500 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "SPEC_SYNTAX", 1, 1],
    ["a merge key", "base: &b { name: x }\nnics:\n  - { <<: *b, capacity: 1Gbit }\n", "SPEC_INVALID", 1, 1],
  ])("%s", (_, text, code, line, column) => {
    const error = errorsOf(text).find((each) => each.code === code);
    expect(error?.detail.location).toMatchObject({ line, column });
  });

  it("refuses a chain of aliases before it fills the memory", () => {
    const level = (i: number) =>
      `a${i}: &a${i} [${Array.from({ length: 9 }, () => (i === 0 ? "x" : `*a${i - 1}`)).join(", ")}]`;
    expect(said(Array.from({ length: 12 }, (_, i) => level(i)).join("\n"))[0]).toContain(
      "aliases: Excessive alias count",
    );
  });

  it("takes anchors that stand for one thing in many places", () => {
    const vif = (i: number) =>
      `  - { name: g${i}, vif: { device: d${i}, mac: "52:54:00:00:00:${10 + i}" }, aggregate: ${i === 0 ? `&a { ${SLICE} }` : "*a"} }\n`;
    expect(said(HEAD + Array.from({ length: 50 }, (_, i) => vif(i)).join(""))).toEqual([]);
  });

  it("wants a lag beside LACP", () => {
    const text = (fabric: string) => `apiVersion: gona/v1\nfabrics:\n  - { name: rack, ${fabric} }\n`;
    expect(said(text("lag: true, lacp: slow"))).toEqual([]);
    expect(said(text("lacp: off"))).toEqual([]);
    expect(said(text("lacp: slow"))).toEqual([
      'host.yaml:3:25: fabrics[0].lacp: found "slow", allowed: off, or lag: true beside it',
    ]);
    expect(said(text("lag: true, lacp: sometimes"))).toEqual([
      'host.yaml:3:36: fabrics[0].lacp: found "sometimes", allowed: one of fast, slow, off',
    ]);
  });

  it("wants a probe that is off or a map, and none of a lag", () => {
    const text = (fabric: string) => `apiVersion: gona/v1\nfabrics:\n  - { name: rack, ${fabric} }\n`;
    expect(said(text("probe: off"))).toEqual([]);
    expect(said(text("probe: { interval: 10ms, lost: 2 }"))).toEqual([]);
    expect(said(text("lag: true, probe: off"))).toEqual([]);
    expect(said(text("probe: on"))).toEqual([
      'host.yaml:3:26: fabrics[0].probe: found "on", allowed: off, or a map of interval, lost',
    ]);
    expect(said(text("probe: { interval: 1ms, lots: 2 }")).map((line) => line.split(", allowed")[0])).toEqual([
      'host.yaml:3:38: fabrics[0].probe.interval: found "1ms"',
      'host.yaml:3:43: fabrics[0].probe.lots: unknown key: found "lots"',
    ]);
    expect(said(text("lag: true, probe: { lost: 2 }"))[0]).toContain("the NICs of a lag do not reach each other");
  });

  it("refuses a text above maxBytes, counted in UTF-8", () => {
    const text = `apiVersion: gona/v1 # ${"é".repeat(100)}`;
    expect(parseSpec(text, { file: "f", maxBytes: 222 }).spec.guests).toEqual([]);
    const refused = () => parseSpec(text, { file: "f", maxBytes: 221 });
    expect(refused).toThrow(GonaError);
    expect(refused).toThrow(expect.objectContaining({ code: "SPEC_TOO_LARGE" }));
  });

  it("takes a byte order mark and Windows line ends", () => {
    expect(said("\ufeffapiVersion: gona/v1\r\nnics: []\r\n")).toEqual([]);
    expect(errorsOf("\ufeffapiVersion: gona/v1\r\nnics: 3\r\n")[0]?.detail.location).toMatchObject({
      line: 2,
      column: 7,
    });
  });
});

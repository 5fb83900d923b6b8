import { bitsPerSecond, domainId, guestId, type HostSpec, milliseconds, nicId, parseSpec, ratio } from "@gona/model";
import { expect, test } from "vitest";
import type { Expectation } from "../scenario/scenario.ts";
import type { SequenceWindow } from "../traffic/probe-messages.ts";
import type { ProbeEvidence } from "./judge-probe.ts";
import { type Evidence, judge } from "./verdict.ts";

const host: HostSpec = parseSpec(
  `apiVersion: gona/v1
nics: [{ name: eth1, capacity: 1Gbit }]
guests:
  - name: web
    vif: { device: v0, mac: "52:54:00:00:00:01", addresses: [10.0.0.1] }
    aggregate: { slices: [{ nic: eth1, egress: { reserve: 30Mbit, limit: 100Mbit } }], balance: hash }
`,
  { file: "test.yaml" },
).spec;
const slice = { guest: guestId("web"), nic: nicId("eth1") };
const window = (values: Partial<SequenceWindow>): SequenceWindow => ({
  ...{
    atMs: 0,
    received: 1000,
    lost: 0,
    reordered: 0,
    duplicated: 0,
    gapMs: 0.2,
    rawGapMs: 0.2,
    quiet: [],
    silenceMs: 0,
    per10Ms: [],
  },
  ...values,
});
const evidence = (values: Partial<Evidence> = {}): Evidence => ({
  host,
  rate: () => bitsPerSecond(0),
  total: () => bitsPerSecond(0),
  roundTrip: () => undefined,
  probe: () => undefined,
  macs: [],
  tables: () => undefined,
  lacp: () => undefined,
  domain: () => undefined,
  converged: true,
  ...values,
});
const probed = (values: Partial<ProbeEvidence>): ProbeEvidence => ({
  ...{ fromMs: 0, windows: [], perSecond: 10_000, stalls: [] },
  ...values,
});
const delivered = (rate: number) => evidence({ rate: () => bitsPerSecond(rate) });
const keeps = (expectation: Expectation, found: Evidence): boolean =>
  judge(expectation, found).every(({ kept }) => kept);
const within = ratio(0.01);

test("a limit is kept from both sides, and by no more than the tolerance", () => {
  const limit: Expectation = { kind: "limit", slice, within };
  expect(keeps(limit, delivered(99.1e6))).toBe(true);
  expect(keeps(limit, delivered(100.9e6))).toBe(true);
  expect(keeps(limit, delivered(98.9e6))).toBe(false);
  expect(keeps(limit, delivered(101.1e6))).toBe(false);
});

test("a rate may lack what CPUs stood still for, and never exceeds its limit for that", () => {
  const limit: Expectation = { kind: "limit", slice, within };
  const stalled = (rate: number) => ({ ...delivered(rate), stalled: 0.04 });
  expect(keeps(limit, stalled(95.1e6))).toBe(true);
  expect(keeps(limit, stalled(94.9e6))).toBe(false);
  expect(keeps(limit, stalled(101.1e6))).toBe(false);
  const reserve: Expectation = { kind: "reserve", slice, within };
  expect(keeps(reserve, stalled(28.6e6))).toBe(true);
  expect(keeps(reserve, stalled(28.4e6))).toBe(false);
});

test("a reservation is a lower bound", () => {
  const reserve: Expectation = { kind: "reserve", slice, within };
  expect(keeps(reserve, delivered(90e6))).toBe(true);
  expect(keeps(reserve, delivered(29.8e6))).toBe(true);
  expect(keeps(reserve, delivered(29e6))).toBe(false);
});

test("a slice that the spec lacks is a broken promise, not a kept one", () => {
  expect(keeps({ kind: "limit", slice: { ...slice, nic: nicId("eth9") }, within }, delivered(0))).toBe(false);
});

test("a probe is judged by what the phase added, not by what came before it", () => {
  const found = evidence({
    probe: () => probed({ before: window({ lost: 70 }), windows: [window({ received: 2000, lost: 73 })] }),
  });
  expect(keeps({ kind: "probe", probe: "p", lost: 3 }, found)).toBe(true);
  expect(keeps({ kind: "probe", probe: "p", lost: 2 }, found)).toBe(false);
});

test("a gap that has not ended counts, and so does a probe of which nothing came", () => {
  const gap: Expectation = { kind: "probe", probe: "p", gap: milliseconds(5) };
  const silent = window({ received: 2000, silenceMs: 90 });
  expect(keeps(gap, evidence({ probe: () => probed({ windows: [window({})] }) }))).toBe(true);
  expect(keeps(gap, evidence({ probe: () => probed({ windows: [window({}), silent] }) }))).toBe(false);
  expect(keeps(gap, evidence({ probe: () => probed({ windows: [window({ received: 0 })] }) }))).toBe(false);
  expect(keeps(gap, evidence())).toBe(false);
});

test("of a gap counts what neither the sender's pause nor a CPU that stood still accounts for", () => {
  const gap: Expectation = { kind: "probe", probe: "p", gap: milliseconds(5) };
  const quiet = { fromMs: 100, toMs: 109, pauseFromMs: 98, pauseToMs: 101 };
  const windows = [window({ gapMs: 6, quiet: [quiet] }), window({ received: 2000 })];
  const judged = (stalls: ProbeEvidence["stalls"]) =>
    judge(gap, evidence({ probe: () => probed({ windows, stalls }) }));
  expect(judged([])[0]).toMatchObject({ kept: false, value: 8 });
  expect(judged([{ fromMs: 50, toMs: 100 }])[0]).toMatchObject({ kept: false, value: 8 });
  // Two CPUs at once, one of them also while the sender paused.
  const both = [
    { fromMs: 100.5, toMs: 103 },
    { fromMs: 102, toMs: 104 },
  ];
  expect(judged(both)[0]).toMatchObject({ kept: true, value: 5 });
  expect(judged([{ fromMs: 0, toMs: 200 }])[0]).toMatchObject({ kept: true, value: 1 });
});

test("of a loss that is allowed, what a CPU stood still for is not counted; where none is allowed, all is", () => {
  const windows = [window({ atMs: 1100, lost: 3 }), window({ atMs: 1200, lost: 63 }), window({ atMs: 1300, lost: 63 })];
  const found = (stalls: ProbeEvidence["stalls"]) =>
    evidence({ probe: () => probed({ before: window({ atMs: 1000 }), windows, stalls }) });
  const lost = (most: number, stalls: ProbeEvidence["stalls"]) =>
    judge({ kind: "probe", probe: "p", lost: most }, found(stalls))[0];
  expect(lost(50, [])).toMatchObject({ kept: false, value: 63 });
  expect(lost(50, [{ fromMs: 1150, toMs: 1152 }])).toMatchObject({ kept: true, value: 43 });
  expect(lost(50, [{ fromMs: 1250, toMs: 1299 }])).toMatchObject({ kept: false, value: 63 });
  expect(lost(2, [{ fromMs: 1100, toMs: 1200 }])).toMatchObject({ kept: false, value: 3 });
  expect(lost(0, [{ fromMs: 0, toMs: 2000 }])).toMatchObject({ kept: false, value: 63 });
});

test("a silence at the end is not the network's while a CPU stands still", () => {
  const windows = [window({ atMs: 1000, received: 2000, silenceMs: 300 })];
  const probe = (stalls: ProbeEvidence["stalls"]) =>
    evidence({ probe: () => probed({ perSecond: 1000, windows, stalls }) });
  const lost: Expectation = { kind: "probe", probe: "p", lost: 0 };
  expect(keeps(lost, probe([{ fromMs: 690, toMs: 960 }]))).toBe(true);
  expect(keeps(lost, probe([{ fromMs: 690, toMs: 930 }]))).toBe(false);
});

test("what was sent into a silence at the end is lost", () => {
  const windows = [window({ received: 2000, silenceMs: 90 })];
  const found = evidence({ probe: () => probed({ perSecond: 1000, windows }) });
  expect(keeps({ kind: "probe", probe: "p", lost: 89 }, found)).toBe(false);
  expect(keeps({ kind: "probe", probe: "p", lost: 90 }, found)).toBe(true);
});

test("a MAC on two ports of one switch is found, and its VLANs are apart", () => {
  const seen = (port: number, vlan: number) => ({
    port,
    vlan,
    mac: "52:54:00:00:00:01",
    packets: 1n,
    lastNs: 0n,
    fabric: "rack",
  });
  expect(keeps({ kind: "stableMacs" }, evidence({ macs: [seen(1, 0), seen(2, 20)] }))).toBe(true);
  expect(keeps({ kind: "stableMacs" }, evidence({ macs: [seen(1, 0), seen(2, 0)] }))).toBe(false);
  expect(keeps({ kind: "stableMacs" }, evidence())).toBe(false);
});

test("NICs of unequal slices are evenly used when each carries its part", () => {
  const two: HostSpec = parseSpec(
    `apiVersion: gona/v1
nics: [{ name: eth1, capacity: 1Gbit }, { name: eth2, capacity: 1Gbit }]
guests:
  - name: web
    vif: { device: v0, mac: "52:54:00:00:00:01", addresses: [10.0.0.1] }
    aggregate: { slices: [{ nic: eth1, egress: { limit: 200Mbit } }, { nic: eth2, egress: { limit: 100Mbit } }], balance: hash }
`,
    { file: "test.yaml" },
  ).spec;
  const spread: Expectation = { kind: "spread", guest: slice.guest, direction: "egress", within: ratio(0.1) };
  const rates = (eth1: number, eth2: number) =>
    evidence({ host: two, rate: ({ nic }) => bitsPerSecond(nic === "eth1" ? eth1 : eth2) });
  expect(judge(spread, rates(60e6, 30e6))[0]).toMatchObject({ kept: true, value: 0 });
  expect(judge(spread, rates(60e6, 33e6))[0]).toMatchObject({ kept: true });
  expect(judge(spread, rates(60e6, 34e6))[0]).toMatchObject({ kept: false });
  expect(keeps(spread, rates(0, 0))).toBe(false);
});

test("tables that nobody looked at, and wrong ones, break the promise", () => {
  const tables: Expectation = { kind: "tables", guest: slice.guest };
  expect(keeps(tables, evidence())).toBe(false);
  expect(keeps(tables, evidence({ tables: () => ({ entries: 2, faults: [] }) }))).toBe(true);
  expect(keeps(tables, evidence({ tables: () => ({ entries: 2, faults: ["client has a wrong one"] }) }))).toBe(false);
});

test("what a guest sent in all is judged over its NICs together", () => {
  const expectation: Expectation = {
    ...{ kind: "total", guest: slice.guest, direction: "egress" },
    ...{ rate: bitsPerSecond(400e6), within: ratio(0.01) },
  };
  const [kept] = judge(expectation, evidence({ total: () => bitsPerSecond(398e6) }));
  expect(kept).toMatchObject({ kept: true, delivered: "398.00 Mbit/s (−0.50 %)" });
  const [over] = judge(expectation, evidence({ total: () => bitsPerSecond(405e6) }));
  expect(over?.kept).toBe(false);
});

test("round trips are kept by their 99th percentile, and broken by silence", () => {
  const expectation: Expectation = { kind: "roundTrip", probe: "ask", p99: milliseconds(5) };
  const found = { atMs: 0, answered: 500, unanswered: 0, p50Us: 300, p99Us: 4900, p999Us: 9000, maxUs: 9900 };
  const kept = (values: Partial<typeof found>) =>
    judge(expectation, evidence({ roundTrip: () => ({ ...found, ...values }) }))[0]?.kept;
  expect(kept({})).toBe(true);
  expect(kept({ p99Us: 5100 })).toBe(false);
  expect(kept({ unanswered: 6 })).toBe(false);
  expect(kept({ answered: 0 })).toBe(false);
  expect(judge(expectation, evidence())[0]?.kept).toBe(false);
});

test("a domain is judged by its state, and by its restarts where they were promised", () => {
  const view = {
    name: "dd",
    isolation: "netns",
    state: "up",
    restarts: 1,
    spare: null,
    pid: 7,
    since: "2026-11-23T00:00:00Z",
    cause: null,
    nics: [],
  } as const;
  const found = (state: "up" | "restarting") => evidence({ domain: () => ({ ...view, state, nics: [] }) });
  const domain = domainId("dd");
  expect(keeps({ kind: "domain", domain }, found("up"))).toBe(true);
  expect(keeps({ kind: "domain", domain, restarts: 1 }, found("up"))).toBe(true);
  expect(keeps({ kind: "domain", domain, restarts: 0 }, found("up"))).toBe(false);
  expect(keeps({ kind: "domain", domain }, found("restarting"))).toBe(false);
  expect(keeps({ kind: "domain", domain }, evidence())).toBe(false);
});

import { type AggregateSpec, type HostSpec, megabitsPerSecond, milliseconds, ratio, shares } from "@gona/model";
import { describe, expect, it } from "vitest";
import { bigHost, wholeInventory } from "../test/big-host.ts";
import { firstOf } from "../test/first-of.ts";
import { describeStep, vifNames } from "./describe-step.ts";
import { desiredState } from "./desired-state.ts";
import { EMPTY_HUB } from "./hub-state.ts";
import { plan } from "./plan.ts";

const spec = bigHost(1, 2);
const inventory = wholeInventory(spec);
const hub = desiredState({ spec, inventory, observed: EMPTY_HUB }).hub;
const lines = (from = EMPTY_HUB, to = hub) => plan(from, to).map((step) => describeStep(step, vifNames(to, from)));

const withAggregate = (aggregate: AggregateSpec): HostSpec => {
  const guest = firstOf(spec.guests);
  return { ...spec, guests: [{ ...guest, vifs: [{ ...firstOf(guest.vifs), aggregate }] }] };
};

describe("describeStep", () => {
  it("tells what is new, one line each", () => {
    expect(lines()).toMatchInlineSnapshot(`
      [
        "queue of eth1: new, capacity 10 Gbit, host's rate 100 Mbit, queue 31250000 bytes (fifo)",
        "queue of eth2: new, capacity 10 Gbit, host's rate 100 Mbit, queue 31250000 bytes (fifo)",
        "slice guest0 on eth1: new, rate 100 Mbit, limit 100 Mbit, quantum 102400 bytes, priority 0, burst 5 ms, limit's burst 16 ms, paced 106 Mbit in 0.512 ms, queue 312500 bytes (segmenter)",
        "slice guest0 on eth2: new, rate 100 Mbit, limit 100 Mbit, quantum 102400 bytes, priority 0, burst 5 ms, limit's burst 16 ms, paced 106 Mbit in 0.512 ms, queue 312500 bytes (segmenter)",
        "NIC eth1: new, up, slot 0, fabric 1, incoming traffic not shaped",
        "NIC eth2: new, up, slot 1, fabric 1, incoming traffic not shaped",
        "vif guest0: new, device vnet0, slot 0, MAC 52:54:00:00:00:00 (one per NIC), VLAN none, fabric 1, source MAC checked, running, plain queues, buckets (eth1 512, eth2 512)",
        "station 52:54:00:00:00:00 of guest0: new, vif slot 0, slice own",
        "station 12:f4:60:ed:fd:b2 of guest0: new, vif slot 0, slice 0",
        "station 92:47:2b:94:70:1e of guest0: new, vif slot 0, slice 1",
        "address 10.1.0.0 of guest0: new, vif slot 0",
        "broadcasts of fabric 1: new, 1 vifs, slots 0",
        "filter on eth1: new, NIC slot 0",
        "filter on eth2: new, NIC slot 1",
        "filter on vnet0 of guest0: new, vif slot 0",
      ]
    `);
  });

  it("tells what differs, and of nothing else", () => {
    const guest = firstOf(spec.guests);
    const vif = firstOf(guest.vifs);
    const egress = { reserve: megabitsPerSecond(1), limit: megabitsPerSecond(500), shares: shares(100) };
    const slices = vif.aggregate.slices.map((slice, index) => (index === 1 ? { ...slice, egress } : slice));
    const changed = { ...spec, guests: [{ ...guest, vifs: [{ ...vif, aggregate: { ...vif.aggregate, slices } }] }] };
    const now = desiredState({ spec: changed, inventory, observed: hub }).hub;
    expect(lines(hub, now)).toMatchInlineSnapshot(`
      [
        "slice guest0 on eth2: rate 100 Mbit -> 500 Mbit, limit 100 Mbit -> 500 Mbit, paced 106 Mbit in 0.512 ms -> 530 Mbit in 0.512 ms, queue 312500 bytes (segmenter) -> 1562500 bytes (fifo)",
        "vif guest0: buckets (eth1 512, eth2 512) -> (eth1 171, eth2 853)",
      ]
    `);
  });

  it("tells what goes", () => {
    expect(lines(hub, EMPTY_HUB).slice(0, 4)).toMatchInlineSnapshot(`
      [
        "filter on vnet0 of guest0: gone",
        "filter on eth1: gone",
        "filter on eth2: gone",
        "broadcasts of fabric 1: gone",
      ]
    `);
  });

  it("tells spines, caps, parts and rules in words", () => {
    const { aggregate } = firstOf(firstOf(spec.guests).vifs);
    const slices = aggregate.slices.map((slice, i) => (i === 0 ? { ...slice, ingress: slice.egress } : slice));
    const rich = withAggregate({
      ...aggregate,
      slices,
      limit: { egress: megabitsPerSecond(120), ingress: megabitsPerSecond(90), local: megabitsPerSecond(500) },
      latency: milliseconds(5),
      classes: [
        {
          name: "voice",
          match: { dscp: [46], ports: [{ from: 5004, to: 5020 }] },
          priority: 0,
          limit: { kind: "ofSlice", ratio: ratio(0.25) },
          remark: { pcp: 5 },
        },
      ],
    });
    const now = desiredState({ spec: rich, inventory, observed: hub }).hub;
    expect(lines(hub, now)).toMatchInlineSnapshot(`
      [
        "spine in eth1: new, gq-in-eth1 to gp-in-eth1",
        "spine cap: new, gq-cap to gp-cap",
        "spine local: new, gq-local to gp-local",
        "filter on gp-in-eth1: new, spine in eth1",
        "filter on gp-cap: new, spine cap",
        "filter on gp-local: new, spine local",
        "queue of what comes in by eth1: new, capacity 9.9 Gbit, queue 1000000 bytes (segmenter)",
        "queue of all that capped guests send: new, capacity 1 Tbit, queue 1000000 bytes (segmenter)",
        "queue of what guests send to one another: new, capacity 1 Tbit, queue 1000000 bytes (segmenter)",
        "queue of vnet0: new, capacity 90 Mbit, queue 150000 bytes (segmenter)",
        "slice guest0 on eth1: quantum 102400 bytes -> 65536 bytes, class 1 none -> 25 Mbit to 25 Mbit (quantum 409600 bytes, queue 150000 bytes (segmenter)), sparse flows none -> 75 Mbit to 100 Mbit (quantum 102400 bytes, queue 250000 bytes (segmenter)), rest none -> 8 bit to 100 Mbit (quantum 7813 bytes, queue 250000 bytes (segmenter)) in 8 lanes",
        "slice guest0 in by eth1: new, rate 100 Mbit, limit 100 Mbit, quantum 65536 bytes, priority 0, burst 5 ms, limit's burst 16 ms, paced 106 Mbit in 0.512 ms, class 1 25 Mbit to 25 Mbit (quantum 409600 bytes, queue 150000 bytes (segmenter)), sparse flows 75 Mbit to 100 Mbit (quantum 102400 bytes, queue 250000 bytes (segmenter)), rest 8 bit to 100 Mbit (quantum 7813 bytes, queue 250000 bytes (segmenter)) in 8 lanes",
        "slice guest0 on eth2: quantum 102400 bytes -> 65536 bytes, class 1 none -> 25 Mbit to 25 Mbit (quantum 409600 bytes, queue 150000 bytes (segmenter)), sparse flows none -> 75 Mbit to 100 Mbit (quantum 102400 bytes, queue 250000 bytes (segmenter)), rest none -> 8 bit to 100 Mbit (quantum 7813 bytes, queue 250000 bytes (segmenter)) in 8 lanes",
        "limit of guest0 over all NICs: new, rate 120 Mbit, limit 120 Mbit, quantum 65536 bytes, priority 0, burst 5 ms, limit's burst 16 ms, paced 127.2 Mbit in 0.512 ms, class 1 30 Mbit to 30 Mbit (quantum 262144 bytes, queue 150000 bytes (segmenter)), sparse flows 90 Mbit to 120 Mbit (quantum 65536 bytes, queue 300000 bytes (segmenter)), rest 8 bit to 120 Mbit (quantum 9375 bytes, queue 300000 bytes (segmenter)) in 8 lanes",
        "limit of guest0 to local guests: new, rate 500 Mbit, limit 500 Mbit, quantum 65536 bytes, priority 0, burst 5 ms, limit's burst 16 ms, paced 530 Mbit in 0.512 ms, class 1 125 Mbit to 125 Mbit (quantum 262144 bytes, queue 312500 bytes (segmenter)), sparse flows 375 Mbit to 500 Mbit (quantum 65536 bytes, queue 1250000 bytes (fifo)), rest 8 bit to 500 Mbit (quantum 39063 bytes, queue 1250000 bytes (fifo)) in 8 lanes",
        "NIC eth1: incoming traffic not shaped -> incoming traffic shaped",
        "traffic classes of guest0: new, class 1 DSCP 46 ports 5004-5020 within 5 ms leaves with PCP 5",
        "vif guest0: plain queues -> traffic classes, latency goal 5 ms, capped outgoing, capped incoming, capped to local guests, virtual queues none -> (eth1 100 Mbit out 90 Mbit in, eth2 100 Mbit out 90 Mbit in)",
        "slice guest0 on eth1: queue 312500 bytes (segmenter) -> none",
        "slice guest0 on eth2: queue 312500 bytes (segmenter) -> none",
      ]
    `);
    expect(lines(now, hub).slice(0, 12)).toMatchInlineSnapshot(`
      [
        "slice guest0 on eth1: quantum 65536 bytes -> 102400 bytes, queue none -> 312500 bytes (segmenter)",
        "slice guest0 on eth2: quantum 65536 bytes -> 102400 bytes, queue none -> 312500 bytes (segmenter)",
        "NIC eth1: incoming traffic shaped -> incoming traffic not shaped",
        "vif guest0: traffic classes, latency goal 5 ms, capped outgoing, capped incoming, capped to local guests -> plain queues, virtual queues (eth1 100 Mbit out 90 Mbit in, eth2 100 Mbit out 90 Mbit in) -> none",
        "traffic classes of guest0: gone",
        "slice guest0 on eth1: class 1 25 Mbit to 25 Mbit (quantum 409600 bytes, queue 150000 bytes (segmenter)) -> none, sparse flows 75 Mbit to 100 Mbit (quantum 102400 bytes, queue 250000 bytes (segmenter)) -> none, rest 8 bit to 100 Mbit (quantum 7813 bytes, queue 250000 bytes (segmenter)) in 8 lanes -> none",
        "slice guest0 on eth2: class 1 25 Mbit to 25 Mbit (quantum 409600 bytes, queue 150000 bytes (segmenter)) -> none, sparse flows 75 Mbit to 100 Mbit (quantum 102400 bytes, queue 250000 bytes (segmenter)) -> none, rest 8 bit to 100 Mbit (quantum 7813 bytes, queue 250000 bytes (segmenter)) in 8 lanes -> none",
        "slice guest0 in by eth1: gone",
        "limit of guest0 over all NICs: gone",
        "limit of guest0 to local guests: gone",
        "queue of what comes in by eth1: gone",
        "queue of all that capped guests send: gone",
      ]
    `);
  });

  it("falls back on the slot where nobody knows the name", () => {
    const step = firstOf(plan(EMPTY_HUB, hub).filter((candidate) => candidate.facet === "slices"));
    expect(describeStep(step)).toContain("slice vif slot 0 on eth1: new");
  });
});

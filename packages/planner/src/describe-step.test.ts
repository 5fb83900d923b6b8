import { megabitsPerSecond, shares } from "@gona/model";
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

  it("falls back on the slot where nobody knows the name", () => {
    const step = firstOf(plan(EMPTY_HUB, hub).filter((candidate) => candidate.facet === "slices"));
    expect(describeStep(step)).toContain("slice vif slot 0 on eth1: new");
  });
});

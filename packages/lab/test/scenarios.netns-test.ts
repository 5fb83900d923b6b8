import { expect, test } from "vitest";
import { portOf } from "../src/bed/bed-plan.ts";
import { addressHex } from "../src/bed/far-end-records.ts";
import { runCommand } from "../src/bed/run-command.ts";
import { waitUntil } from "../src/bed/wait-until.ts";
import type { AfterPhase } from "../src/lab-run.ts";
import { findScenario } from "../src/scenario/find-scenario.ts";
import type { Traffic } from "../src/scenario/scenario.ts";
import { RunningTraffic } from "../src/traffic/running-traffic.ts";
import { brokenPromises, runQuietly } from "./run-quietly.ts";

/** Each scenario's promises are its assertions; some tests look deeper while its traffic runs. */
async function keepsItsPromises(name: string, look?: (after: AfterPhase) => Promise<void>): Promise<void> {
  const broken = brokenPromises(await runQuietly(findScenario(name), look));
  expect(broken, broken).toBe("");
}

test("guests of one host reach each other without the wire, cables or not", async () => {
  await keepsItsPromises("guest-to-guest", async ({ bed, result }) => {
    // alice spoke to bob alone: the switch must not have seen a packet of hers.
    const seen = bed.farEnd.flows().filter(({ address }) => address === addressHex("10.1.0.1"));
    expect(seen, result.phase.title).toEqual([]);
  });
});

test("guests of two VLANs share NICs and do not hear each other", async () => {
  await keepsItsPromises("vlans", async ({ bed, result }) => {
    if (result.phase.title !== "Apart") return;
    const across: Traffic = {
      name: "red-out",
      kind: "rtt",
      from: "red",
      to: "blue-peer",
      family: 4,
      perSecond: 100,
      datagramBytes: 64,
    };
    await using probe = await RunningTraffic.start(bed, across);
    const asked = () => probe.record.rtt.find(({ unanswered, answered }) => unanswered + answered >= 3);
    const window = await waitUntil("three questions were asked", asked, { withinMs: 60_000 });
    expect(window.answered).toBe(0);
  });
});

test("a guest with IPv6 alone passes cut cables in both directions", () => keepsItsPromises("ipv6-only"));

test("each peer learns one MAC of the guest, and the switch has each MAC on its own NIC's port", async () => {
  await keepsItsPromises("two-nics", async ({ bed, daemon }) => {
    const slices = await daemon.client.slices();
    const macs = slices.filter(({ direction }) => direction === "egress").map(({ nic, mac }) => ({ nic, mac }));
    expect(new Set(macs.map(({ mac }) => mac)).size).toBe(2);
    for (const peer of ["one", "two", "three"]) {
      const learnt = await neighbours(bed.station(peer).netns);
      const ours = learnt.filter(({ dst }) => dst === "10.3.0.1" || dst === "fd03::1");
      expect(ours.length, peer).toBeGreaterThan(0);
      for (const { lladdr } of ours)
        expect(
          macs.map(({ mac }) => mac),
          peer,
        ).toContain(lladdr);
    }
    const [fabric] = bed.plan.switches;
    const table = await bed.switchTable((fabric as NonNullable<typeof fabric>).fabric);
    for (const { nic, mac } of macs) {
      const ports = table.filter((entry) => entry.mac === mac).map(({ port }) => port);
      expect(ports, `${mac} of ${nic}`).toEqual([{ kind: "nic", nic }]);
    }
    // The guest's own MAC never leaves: the switch would see it on both ports.
    const own = bed.farEnd.macs().filter(({ mac, port }) => mac === "52:54:00:03:00:01" && isNicPort(bed.plan, port));
    expect(own).toEqual([]);
  });
});

test("flows large and small are spread over unequal NICs, and none is reordered", () => keepsItsPromises("balance"));
test("peers are steered until what comes in is spread as well", () => keepsItsPromises("inbound-balance"));
test("a NIC is drained, its cable pulled, and given back without a lost packet", () => keepsItsPromises("drain"));
test("LACP bundles NICs with Open vSwitch, and goes on with one while the other is lost", () =>
  keepsItsPromises("lacp"));
test("a switch without LACP is reported, and one NIC goes alone", () => keepsItsPromises("lacp-no-partner"));
test("active-backup uses one NIC, and the other one when it dies", () => keepsItsPromises("active-backup"));
test("a NIC that is taken out and put back gets its slices again", () => keepsItsPromises("nic-replaced"));
test("a path that dies behind a living carrier is found by probes, and one NIC always stays in use", async () => {
  await keepsItsPromises("silent-loss", async ({ daemon, result }) => {
    const { title } = result.phase;
    const nics = await daemon.client.nics();
    const states = Object.fromEntries(nics.map(({ name, state }) => [name, state]));
    if (title === "The NIC in use goes silent") expect(states).toEqual({ eth1: "down", eth2: "up" });
    if (title === "The idle NIC goes silent") expect(states).toEqual({ eth1: "up", eth2: "down" });
    if (title !== "Mended for good") return;
    // Each loss is one event and each return another: nothing flapped, and both were never down at once.
    const events = (await daemon.client.events({ limit: 1000 })).filter(({ kind }) => kind === "nic-down");
    expect(events.map(({ subject }) => subject)).toEqual(["eth1", "eth2"]);
    for (const { cause } of events) expect(cause).toContain("no probe passes between");
  });
});

test("a guest that lost both NICs comes back by itself", () => keepsItsPromises("both-lost"));
test("agents of driver domains and the daemon die, and nobody loses a packet", () => keepsItsPromises("domain-agent"));
test("a driver domain that is gone with its NIC leaves the others alone, and comes back", () =>
  keepsItsPromises("domain-lost"));
test("a killed daemon costs no packet, and a cut cable is passed without one", () => keepsItsPromises("daemon-killed"));
test("classes, a limit over both NICs, goals and limits on the way in are kept", () => keepsItsPromises("qos"));
test("datagrams in fragments come whole over two NICs, and pass cut cables", () => keepsItsPromises("fragments"));
test("an apply leaves guests that it does not concern alone", () => keepsItsPromises("apply-under-traffic"));

async function neighbours(netns: string): Promise<{ dst: string; lladdr?: string }[]> {
  return JSON.parse(await runCommand("ip", ["-n", netns, "-json", "neighbour", "show"])) as never;
}

const isNicPort = (plan: AfterPhase["bed"]["plan"], ifindex: number): boolean =>
  plan.nics.some(({ nic }) => portOf(plan, nic).ifindex === ifindex);

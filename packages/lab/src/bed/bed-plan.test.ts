import { nicId } from "@gona/model";
import { expect, test } from "vitest";
import { findScenario, scenarioNames } from "../scenario/find-scenario.ts";
import { bedCommands } from "./bed-commands.ts";
import { namespacesOfPlan, planBed, portOf } from "./bed-plan.ts";
import { isOfLab } from "./lab-paths.ts";

test("every scenario that comes with GONA can be laid out, in namespaces that its lab owns", () => {
  expect(scenarioNames()).toContain("quick-start");
  for (const name of scenarioNames()) {
    const namespaces = namespacesOfPlan(planBed(findScenario(name)));
    expect(new Set(namespaces).size, name).toBe(namespaces.length);
    expect(
      namespaces.filter((netns) => !isOfLab(name, netns)),
      name,
    ).toEqual([]);
  }
});

test("a lab does not own what a lab of a longer name made", () => {
  expect(isOfLab("quick", "gona-quick-start-hub")).toBe(false);
  expect(isOfLab("quick-start", "gona-quick-start-hub")).toBe(true);
  expect(isOfLab("quick", "gona-quick-guest-hub")).toBe(true);
});

test("ports are told apart over all switches, within the counters' 16 bits", () => {
  const plan = planBed(findScenario("quick-start"));
  const ports = plan.switches.flatMap((item) => item.ports.map(({ ifindex }) => ifindex));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.max(...ports)).toBeLessThan(65_536);
});

test("a NIC has the ifindex of its switch port, as what a physical NIC looks like to linkwatch", () => {
  const plan = planBed(findScenario("quick-start"));
  const port = portOf(plan, nicId("eth1"));
  const hub = bedCommands(plan).batches.find(([netns]) => netns === plan.hub)?.[1] ?? [];
  expect(hub).toContain(
    `link add eth1 index ${port.ifindex} type veth peer name ${port.link} index ${port.ifindex} netns ${port.netns}`,
  );
});

test("a link that GONA makes is not made by the lab", () => {
  const plan = planBed(findScenario("quick-start"));
  const sensor = plan.stations.find(({ name }) => name === "sensor");
  const lines = bedCommands(plan).batches.find(([netns]) => netns === sensor?.netns)?.[1];
  expect(lines).toEqual(["link set lo up"]);
});

import { type FakeKernel, PlacedKernel } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { desiredState, EMPTY_HUB, FACET_ORDER, type NicPlacement, plan, type Step, trunkEnds } from "@gona/planner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type World, world } from "../../planner/test/world.ts";
import { executeSteps, fakeHubKernel, observe, StepError } from "../src/index.ts";

/** Everything that the planner plans, one host after the other, with a crash in the middle of some. */
test("whatever the planner wants is carried out and observed, also after a crash at any operation", async () => {
  const seen = new Set<string>();
  const note = (steps: readonly Step[]) => {
    for (const { kind, facet } of steps) seen.add(`${kind} ${facet}`);
  };
  const walks = fc.array(fc.tuple(world, fc.option(fc.nat(150), { nil: undefined })), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(walks, async (walk) => {
      const kernel = new FakeHub();
      for (const [one, crashAfter] of walk) {
        prepare(kernel, one);
        const wanted = () => {
          const links = new Set(kernel.links().map(({ name }) => name));
          const observed = observe(kernel);
          return { observed, desired: desiredState({ ...one, observed, inventory: { ...one.inventory, links } }).hub };
        };
        if (crashAfter !== undefined) {
          const { observed, desired } = wanted();
          await crash(kernel.places, crashAfter, () => executeSteps(kernel, plan(observed, desired)));
        }
        const { observed, desired } = wanted();
        const steps = plan(observed, desired);
        note(steps);
        await executeSteps(kernel, steps);
        expect(observe(kernel)).toEqual(desired);
        expect(plan(observe(kernel), wanted().desired)).toEqual([]);
      }
      const last = plan(observe(kernel), EMPTY_HUB);
      note(last);
      await executeSteps(kernel, last);
      expect(observe(kernel)).toEqual(EMPTY_HUB);
    }),
    { seed: 11, numRuns: 40 },
  );
  for (const facet of FACET_ORDER) {
    expect([...seen]).toEqual(expect.arrayContaining([`set ${facet}`, `clear ${facet}`]));
  }
}, 120_000);

/** A hub with two driver domains. */
class FakeHub extends PlacedKernel {
  readonly #hub: FakeKernel;
  readonly places: readonly FakeKernel[];

  constructor() {
    const hub = fakeHubKernel({ vifSlots: 32 });
    super(hub);
    const domains = DOMAINS.map((name) => hub.enter(`gona.${name}`));
    for (const [index, name] of DOMAINS.entries()) this.setDomain(name, domains[index]);
    this.#hub = hub;
    this.places = [hub, ...domains];
  }

  addNamespace(netns: string): void {
    this.#hub.addNamespace(netns);
  }

  /** Of the hub, or of the domain where it belongs. */
  at(placement: NicPlacement | undefined): FakeKernel {
    return placement?.isolation === "netns" ? this.#hub.enter(placement.netns) : this.#hub;
  }
}

const DOMAINS = ["dd-a", "dd-b"] as const;
const OF_GONA = /^g[vqptd]-/;

/** The links that are there in a world, and no others but GONA's own. */
function prepare(kernel: FakeHub, { inventory, spec }: World): void {
  for (const { vifs } of spec.guests) {
    for (const { attachment } of vifs) if (attachment.kind === "create") kernel.addNamespace(attachment.netns);
  }
  for (const place of kernel.places) {
    for (const { name } of place.links()) {
      if (!OF_GONA.test(name) && !inventory.links.has(name) && place.has(name)) place.removeLink(name);
    }
  }
  const sriov = { driver: "mlx5_core", enabled: 64 } as const;
  for (const name of inventory.links) {
    const placement = inventory.placements?.get(name as NicId);
    if (kernel.link(name) === undefined) kernel.at(placement).addLink({ name, sriov });
    const { device } = trunkEnds(name as NicId);
    // Who runs a virtual machine makes the tap that leads to it.
    const isTapMissing = placement?.isolation === "vm" && kernel.link(device) === undefined;
    if (isTapMissing) kernel.at(undefined).addLink({ name: device, kind: "tun" });
  }
}

async function crash(places: readonly FakeKernel[], afterOps: number, work: () => Promise<void>): Promise<void> {
  let left = afterOps;
  for (const place of places) place.failNext(() => left-- <= 0, "EIO");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
  }
  left = Number.POSITIVE_INFINITY; // a failure that is still to come never does
}

import { desiredState, EMPTY_HUB, FACET_ORDER, plan, type Step } from "@gona/planner";
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
      const kernel = fakeHubKernel({ vifSlots: 32 });
      for (const [one, crashAfter] of walk) {
        prepare(kernel, one);
        const wanted = () => {
          const links = new Set(kernel.links().map(({ name }) => name));
          const observed = observe(kernel);
          return { observed, desired: desiredState({ ...one, observed, inventory: { ...one.inventory, links } }).hub };
        };
        if (crashAfter !== undefined) {
          const { observed, desired } = wanted();
          await crash(kernel, crashAfter, () => executeSteps(kernel, plan(observed, desired)));
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
}, 30_000);

type Kernel = ReturnType<typeof fakeHubKernel>;

/** The links that are there in a world, and no others but GONA's own. */
function prepare(kernel: Kernel, { inventory, spec }: World): void {
  for (const { vifs } of spec.guests) {
    for (const { attachment } of vifs) if (attachment.kind === "create") kernel.addNamespace(attachment.netns);
  }
  for (const { name } of kernel.links()) {
    if (!/^g[vqp]-/.test(name) && !inventory.links.has(name)) kernel.removeLink(name);
  }
  const sriov = { driver: "mlx5_core", enabled: 64 } as const;
  for (const name of inventory.links) if (kernel.link(name) === undefined) kernel.addLink({ name, sriov });
}

async function crash(kernel: Kernel, afterOps: number, work: () => Promise<void>): Promise<void> {
  let left = afterOps;
  kernel.failNext(() => left-- <= 0, "EIO");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
  }
  left = Number.POSITIVE_INFINITY; // a failure that is still to come never does
}

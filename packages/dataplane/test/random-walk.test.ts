import { KernelError, type KernelOp } from "@gona/kernel";
import type { HostSpec } from "@gona/model";
import { applySteps, EMPTY_HUB, FACET_ORDER, plan } from "@gona/planner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, gonaNic, observe, StepError } from "../src/index.ts";
import { specOf, wantedOf } from "./test-hub.ts";
import { withQuality } from "./with-quality.ts";

const NICS = ["eth1", "eth2", "eth3"] as const;
const VIFS = ["vnet0", "vnet1", "vnet2"] as const;
/** One of each kind; withQuality() names them so. */
const SPINE_ENDS = ["gq-ineth1", "gp-cap", "gq-local"] as const;

/** A host in few words: which NICs each guest uses at what rate, and how its vif comes about. */
const hosts = fc.record({
  lag: fc.boolean(),
  without: fc.constantFrom(undefined, "eth2", "eth3"),
  // Beyond what the planner itself would choose.
  quality: fc.record({
    ingress: fc.subarray([...NICS]),
    cap: fc.boolean(),
    local: fc.boolean(),
    queued: fc.boolean(),
    parts: fc.option(fc.subarray([1, 2, 5, 6]), { nil: undefined }),
  }),
  guests: fc.array(
    fc.record({
      number: fc.integer({ min: 0, max: VIFS.length - 1 }),
      own: fc.boolean(),
      vlan: fc.constantFrom(0, 20),
      nics: fc.uniqueArray(fc.constantFrom(...NICS), { minLength: 1 }),
      limit: fc.constantFrom(50, 150, 400, 900),
      stop: fc.boolean(),
      // Of the first NIC alone, and not where the switch bundles them.
      path: fc.constantFrom("hub", "hub", "macvtap", "sriov"),
    }),
    { maxLength: 3 },
  ),
});
type Host = typeof hosts extends fc.Arbitrary<infer T> ? T : never;

function toSpec({ lag, without, guests }: Omit<Host, "quality">): HostSpec {
  const present = NICS.filter((nic) => nic !== without);
  const unique = [...new Map(guests.map((guest) => [guest.number, guest])).values()];
  const lines = unique.map(({ number, own, vlan, nics, limit, stop, path }) => {
    if (path !== "hub" && !lag) {
      const nic = nics.find((one) => one !== without) ?? "eth1";
      const words = path === "sriov" ? `sriov, vf: ${number}` : "macvtap";
      return `  - name: g${number}
    vif: { ${path === "sriov" ? "" : `device: mt${number}, `}mac: "52:54:00:00:00:0${number}" }
    aggregate: { slices: [{ nic: ${nic}, path: ${words}, egress: { limit: ${limit}Mbit } }] }`;
    }
    const vif = own ? `create: { netns: far, name: eth${number} }` : `device: vnet${number}`;
    const used = nics.filter((nic) => nic !== without);
    const slices = (used.length === 0 ? ["eth1"] : used)
      .map((nic) => `{ nic: ${nic}, egress: { limit: ${limit}Mbit } }`)
      .join(", ");
    return `  - name: g${number}
    vif: { ${vif}, mac: "52:54:00:00:00:0${number}", addresses: [10.0.0.1${number}]${vlan === 0 ? "" : `, vlan: ${vlan}`} }
    aggregate: { slices: [${slices}], onNicLoss: ${stop ? "stop" : "degrade"} }`;
  });
  return specOf(`apiVersion: gona/v1
fabrics: [{ name: default, lag: ${lag}, lacp: off }]
nics: [${present.map((nic) => `{ name: ${nic}, capacity: 1Gbit }`).join(", ")}]
guests:${lines.length === 0 ? " []" : `\n${lines.join("\n")}`}
`);
}

const hasMacvtap = ({ vifs }: HostSpec["guests"][number]): boolean =>
  vifs.some(({ aggregate }) => aggregate.slices.some(({ path }) => path?.kind === "macvtap"));

/** What happens between two plans. */
const events = fc.oneof(
  fc.record({ kind: fc.constant("nothing" as const) }),
  fc.record({ kind: fc.constant("replace" as const), link: fc.constantFrom(...NICS, ...VIFS) }),
  fc.record({ kind: fc.constant("remove" as const), link: fc.constantFrom(...NICS, ...VIFS, ...SPINE_ENDS) }),
  fc.record({ kind: fc.constant("shut" as const), link: fc.constantFrom(...SPINE_ENDS) }),
  fc.record({ kind: fc.constant("die" as const), nic: fc.constantFrom(...NICS) }),
  fc.record({ kind: fc.constant("crash" as const), afterOps: fc.integer({ min: 0, max: 80 }) }),
);

test("any state, also after a crash at any operation, is observed and turned into any other", async () => {
  const seen = new Set<string>();
  let stale = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(hosts, events), { minLength: 1, maxLength: 6 }), async (walk) => {
      const kernel = fakeHubKernel({ namespaces: ["far"], vifSlots: 16 });
      const addMissing = () => {
        for (const name of NICS) {
          if (kernel.link(name) === undefined) kernel.addLink({ name, sriov: { driver: "mlx5_core", enabled: 4 } });
        }
        for (const name of VIFS) if (kernel.link(name) === undefined) kernel.addLink({ name, kind: "tun" });
      };
      addMissing();
      for (const [host, event] of walk) {
        let dead: string[] = [];
        addMissing();
        if (event.kind === "replace" || event.kind === "remove") {
          if (kernel.link(event.link) !== undefined) kernel.removeLink(event.link);
        }
        if (event.kind === "shut" && kernel.link(event.link) !== undefined) {
          await kernel.run([{ op: "linkSet", link: event.link, up: false }]);
        }
        if (event.kind === "replace") addMissing();
        if (event.kind === "die") dead = [event.nic];
        const spec = toSpec(host);
        const wanted = () => {
          const links = kernel.links().map(({ name }) => name);
          const { parts, ...given } = host.quality;
          // A macvtap's own link has no queues: it is not there when trees are made.
          const quality = spec.guests.some(hasMacvtap) ? { ...given, queued: false } : given;
          const plain = wantedOf(spec, { links, observed: observe(kernel), dead });
          return withQuality(plain, parts === undefined ? quality : { ...quality, parts });
        };
        if (event.kind === "crash")
          await crashedAfter(
            event.afterOps,
            async () => {
              await executeSteps(kernel, plan(observe(kernel), wanted()));
            },
            kernel,
          );
        const observed = observe(kernel);
        for (const facet of FACET_ORDER) {
          for (const entry of observed[facet].values()) if ("stale" in entry) stale++;
        }
        const desired = wanted();
        const steps = plan(observed, desired);
        for (const { kind, facet } of steps) seen.add(`${kind} ${facet}`);
        await executeSteps(kernel, steps);
        expect(observe(kernel)).toEqual(desired);
        expect(applySteps(observed, steps)).toEqual(desired);
        for (const [, value] of kernel.map("gona_nics").entries()) {
          const { flags, netdev } = gonaNic.decode(value);
          if (flags !== 0) expect(netdev).not.toBe(0n);
        }
      }
      await executeSteps(kernel, plan(observe(kernel), EMPTY_HUB));
      expect(observe(kernel)).toEqual(EMPTY_HUB);
    }),
    { seed: 7, numRuns: 40 },
  );
  // NICs in driver domains are not in these few words.
  const drawn = FACET_ORDER.filter((facet) => facet !== "trunks" && facet !== "domainFilters");
  for (const facet of drawn) expect([...seen]).toEqual(expect.arrayContaining([`set ${facet}`, `clear ${facet}`]));
  expect(stale).toBeGreaterThan(10);
});

async function crashedAfter(ops: number, work: () => Promise<void>, kernel: ReturnType<typeof fakeHubKernel>) {
  let left = ops;
  kernel.failNext(() => left-- <= 0, "EIO");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
  }
  left = Number.POSITIVE_INFINITY; // a failure that is still to come never does
}

test("a refused operation is told with its step, and the steps before it as done", async () => {
  const kernel = fakeHubKernel();
  for (const name of NICS) kernel.addLink({ name });
  kernel.addLink({ name: "vnet0", kind: "tun" });
  const guest: Host["guests"][number] = {
    number: 0,
    own: false,
    vlan: 0,
    nics: ["eth1"],
    limit: 50,
    stop: false,
    path: "hub",
  };
  const spec = toSpec({ lag: false, without: undefined, guests: [guest] });
  const steps = plan(observe(kernel), wantedOf(spec, { links: ["vnet0", ...NICS] }));
  kernel.failNext((op: KernelOp) => op.op === "filterReplace" && op.link === "eth3", "EPERM");
  const done: unknown[] = [];
  const failure = await executeSteps(kernel, steps, { onStep: (step) => done.push(step) }).catch((error) => error);
  expect(failure).toBeInstanceOf(StepError);
  expect(failure.step).toMatchObject({ kind: "set", facet: "nicFilters", key: "eth3" });
  expect(failure.cause).toBeInstanceOf(KernelError);
  expect(failure.message).toMatch(/nicFilters "eth3": tc filter replace dev eth3 .*: EPERM/);
  expect(done).toEqual(steps.slice(0, done.length));
});

import { join } from "node:path";
import { LinuxKernel } from "@gona/kernel";
import { plan } from "@gona/planner";
import { expect, test } from "vitest";
import { buildBpf } from "../../../scripts/build-bpf.mjs";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";

const ROOT = join(import.meta.dirname, "../../..");
const LINKS = ["eth1", "eth2"];
const SPEC = specOf(`apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 1Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests: []
`);
const WAIT = { timeout: 30_000, interval: 20 };

test("the kernel tells of every NIC, and when its carrier goes and comes, and when it is gone", async () => {
  using hub = await TestHub.make("carriers", LINKS);
  using far = LinuxKernel.open({ netns: hub.far });
  using plane = hub.open();
  const wanted = wantedOf(SPEC, { links: LINKS });
  await plane.execute(plan(plane.observe(), wanted));
  const nics = new Map(Array.from(wanted.nics, ([nic, { slot }]) => [slot, nic]));
  const { path } = buildBpf({
    source: join(ROOT, "bpf/gona_carriers.bpf.c"),
    output: join(ROOT, "build/bpf/gona_carriers.bpf.o"),
  });
  const told: string[] = [];
  using _watch = plane.watchCarriers(path, (slot, seen) => void told.push(`${nics.get(slot)} ${seen}`));
  const comes = (...news: string[]) => expect.poll(() => told.splice(0), WAIT).toEqual(news);
  await expect.poll(() => told.toSorted(), WAIT).toEqual(["eth1 alive", "eth2 alive"]);
  told.length = 0;

  await far.run([{ op: "linkSet", link: "eth2-far", up: false }]);
  await comes("eth2 dead");
  await far.run([{ op: "linkSet", link: "eth2-far", up: true }]);
  await comes("eth2 alive");
  await hub.kernel.run([{ op: "linkDelete", link: "eth1" }]);
  await comes("eth1 dead");
  await plane.execute(plan(plane.observe(), wantedOf(SPEC, { links: ["eth2"], observed: wanted })));
  await comes("eth1 nothing");
});

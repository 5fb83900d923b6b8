import type { HostSpec } from "@gona/model";
import { expect, test } from "vitest";
import { placedFrom } from "../src/placement-note.ts";
import { draftOf, readSpec } from "../src/spec-intake.ts";
import { SqliteStore } from "../src/sqlite-store.ts";
import { makeApiBed, makeKernel } from "./api-bed.ts";

const text = (...wants: readonly string[]) => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit }
  - { name: eth2, capacity: 10Gbit }
guests:
${wants
  .map((want, index) => {
    // The guest that came last is the first by name.
    const name = `g${9 - index}`;
    return `  - name: ${name}
    vif: { device: tap-${name}, mac: "52:54:00:00:00:0${index}" }
    aggregate: { want: { ${want} } }
`;
  })
  .join("")}`;

const ONE = "reserve: 3Gbit, survive: 1";
const BOTH = text(ONE, "reserve: 7Gbit");

const reservesOf = (spec: HostSpec, guest: string) =>
  spec.guests
    .filter(({ name }) => (name as string) === guest)
    .flatMap(({ vifs }) => vifs.flatMap(({ aggregate }) => aggregate.slices.map(({ egress }) => egress.reserve / 1e9)));

test("a guest that comes leaves those that want where they are, and a daemon that starts places them alike", () => {
  using store = SqliteStore.open(":memory:");
  const uneven = (spec: string) => spec.replace("eth2, capacity: 10Gbit", "eth2, capacity: 4Gbit");
  const file = "host.yaml";
  const before = readSpec({ text: uneven(text("reserve: 7Gbit")), file }).spec;
  const both = { text: uneven(text("reserve: 7Gbit", "reserve: 2Gbit")), file };
  const { spec } = readSpec(both, { previous: before });
  expect(reservesOf(spec, "g9")).toEqual(reservesOf(before, "g9"));
  expect(reservesOf(readSpec(both).spec, "g9")).not.toEqual(reservesOf(before, "g9"));

  store.commit(store.begin(draftOf(both, spec, 0)));
  const stored = store.current() ?? expect.fail("nothing was stored");
  expect(readSpec(stored, { previous: placedFrom(stored.placement) }).spec).toEqual(spec);
});

test("what is wanted is applied as slices, and plan says what could be had instead of too much", async () => {
  const kernel = makeKernel();
  for (const name of ["tap-g8", "tap-g9"]) kernel.addLink({ name, up: true });
  await using bed = await makeApiBed(kernel);
  expect((await bed.call("apply", { body: { text: BOTH } })).statusCode).toBe(200);
  const slices = (await bed.call("slices")).json() as { guest: string; nic: string; reserveBitsPerSecond: number }[];
  expect(
    slices.filter(({ guest }) => guest === "g9").map(({ nic, reserveBitsPerSecond }) => [nic, reserveBitsPerSecond]),
  ).toEqual([
    ["eth1", 3e9],
    ["eth2", 3e9],
  ]);
  expect((await bed.call("plan", { body: { text: text("reserve: 25Gbit") } })).json()).toMatchObject({
    verdict: "does-not-fit",
    nearest: [{ path: "guests[0].aggregate.want.reserve", fromBitsPerSecond: 25e9 }],
  });
  expect((await bed.call("plan", { body: { text: BOTH } })).json()).toMatchObject({
    verdict: "fits-unless-lost",
    steps: [],
  });
});

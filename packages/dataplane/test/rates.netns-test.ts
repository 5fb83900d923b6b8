import { type BitsPerSecond, bitsPerSecond, formatRate } from "@gona/model";
import { EMPTY_HUB, plan } from "@gona/planner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sliceClass } from "../src/htb.ts";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";

const NIC = "eth1";
const SLOWEST = 64_000;
const FASTEST = 100e9;
/** The last rate of 32 bits of bytes/s. */
const EDGE = (2 ** 32 - 1) * 8;
const GUESTS = 64;

/** Steps of 8 bit/s; as many slow ones as fast ones. */
const rate: fc.Arbitrary<BitsPerSecond> = fc
  .oneof(
    fc.constantFrom(SLOWEST, SLOWEST + 8, EDGE - 8, EDGE, EDGE + 8, EDGE + 16, FASTEST - 8, FASTEST),
    fc.double({ min: Math.log(SLOWEST), max: Math.log(FASTEST), noNaN: true }).map(Math.exp),
  )
  .map((value) => bitsPerSecond(Math.min(FASTEST, Math.max(SLOWEST, Math.round(value / 8) * 8))));

const specText = (limits: readonly BitsPerSecond[]): string => `
apiVersion: gona/v1
nics: [{ name: ${NIC}, capacity: 1Tbit, fabric: rack, overhead: 24 }]
guests:
${limits
  .map(
    (limit, index) => `  - name: guest${index}
    vif: { device: vnet${index}, mac: "52:54:00:00:00:${index.toString(16).padStart(2, "0")}" }
    aggregate: { slices: [{ nic: ${NIC}, egress: { reserve: ${bit(limit)}, limit: ${bit(limit)} } }] }`,
  )
  .join("\n")}
`;
const bit = (value: BitsPerSecond): string => formatRate(value).replace(" ", "");

test("a limit of 64 kbit to 100 Gbit, in steps of 8 bit, is to the kernel what the spec says", async () => {
  using hub = await TestHub.make("rates", [NIC]);
  using plane = hub.open();
  const links = [NIC, ...Array.from({ length: GUESTS }, (_, index) => `vnet${index}`)];
  await fc.assert(
    fc.asyncProperty(fc.array(rate, { minLength: GUESTS, maxLength: GUESTS }), async (limits) => {
      const { trees, slices } = wantedOf(specOf(specText(limits)), { links });
      // The guests' links are not there: queues alone.
      const queues = { ...EMPTY_HUB, trees, slices };
      await plane.execute(plan(plane.observe(), queues));
      expect(plane.observe()).toEqual(queues);
      const classes = new Map(hub.kernel.classes(NIC).map(({ classid, htb }) => [classid, htb]));
      expect(limits.map((_, slot) => (classes.get(sliceClass(slot))?.ceilBytesPerSecond ?? 0) * 8)).toEqual(limits);
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

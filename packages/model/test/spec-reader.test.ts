import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GonaError, parseSpec, SpecErrors, SpecReader } from "../src/index.ts";

const HEAD = `apiVersion: gona/v1
# NICs
nics:
  - { name: eth1, capacity: 10Gbit }
  - { name: eth2, capacity: 1Gbit }
`;
const guest = (i: number) => `  - name: g${i}
    vif: { device: tap${i}, mac: "52:54:00:00:00:0${i}", addresses: [10.0.0.${i}] }   # guest ${i}
    aggregate:
      slices:
        - { nic: eth1, egress: { limit: ${i + 1}00Mbit } }
        - nic: eth2
`;
const TEXT = `${HEAD}guests:\n${[1, 2, 3].map(guest).join("")}`;

/** What a reader says: the spec, or its errors with their places. */
function said(read: () => ReturnType<typeof parseSpec>) {
  try {
    const parsed = read();
    return {
      spec: parsed.spec,
      places: ["guests[0].name", "guests[2].aggregate.slices[1].nic", "nics[1]"].map((path) => parsed.locate(path)),
    };
  } catch (error) {
    if (!(error instanceof GonaError)) throw error;
    const all = error instanceof SpecErrors ? error.errors : [error];
    return all.map(({ code, message, detail }) => ({ code, message, detail }));
  }
}

const edit = fc.oneof(
  fc.record({
    at: fc.nat(TEXT.length),
    cut: fc.nat(4),
    put: fc.constantFrom(
      "",
      " ",
      "\n",
      "\n  - ",
      "- ",
      "#",
      ":",
      "guests:\n",
      "\nnics:\n",
      "x",
      "1",
      "{",
      "}",
      '"',
      "\n\n",
      "g1",
      "tap1",
      "eth1",
      "  ",
    ),
  }),
  fc.record({
    at: fc.constantFrom(TEXT.indexOf("g2"), TEXT.indexOf("tap3"), TEXT.indexOf("300Mbit")),
    cut: fc.constantFrom(2, 4),
    put: fc.constantFrom("g1", "tap1", "9", "x1"),
  }),
);

describe("a reader of one spec after another", () => {
  it("says at each of them what parseSpec says, whatever it read before", () => {
    let good = 0;
    fc.assert(
      fc.property(fc.array(fc.array(edit, { maxLength: 2 }), { minLength: 1, maxLength: 5 }), (versions) => {
        const reader = new SpecReader();
        for (const edits of versions) {
          let text = TEXT;
          for (const { at, cut, put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
          const expected = said(() => parseSpec(text, { file: "f" }));
          expect(said(() => reader.parse(text, { file: "f" }))).toEqual(expected);
          if (!Array.isArray(expected)) good++;
        }
      }),
      { numRuns: 60 },
    );
    expect(good).toBeGreaterThan(15);
  });

  it("gives a guest that did not change as the same object", () => {
    const reader = new SpecReader();
    const first = reader.parse(TEXT, { file: "f" }).spec.guests;
    const second = reader.parse(TEXT.replace("300Mbit", "350Mbit"), { file: "f" }).spec.guests;
    expect(second.map((each, i) => each === first[i])).toEqual([true, false, true]);
    expect(second[1]?.vifs[0]?.aggregate.slices[0]?.egress.limit).toBe(350e6);
  });

  it("keeps every guest when the words before them change and their meaning does not", () => {
    const reader = new SpecReader();
    const first = reader.parse(TEXT, { file: "f" }).spec.guests;
    const second = reader.parse(`# a comment\n${TEXT}`, { file: "f" }).spec.guests;
    expect(second.every((each, i) => each === first[i])).toBe(true);
  });

  it("reads every guest anew when a NIC changed, for their percentages hang on it", () => {
    const reader = new SpecReader();
    const text = TEXT.replace("100Mbit", "10%").replace("200Mbit", "10%");
    const limit = (capacity: string) =>
      reader.parse(text.replace("10Gbit", capacity), { file: "f" }).spec.guests[0]?.vifs[0]?.aggregate.slices[0]?.egress
        .limit;
    expect([limit("10Gbit"), limit("5Gbit")]).toEqual([1e9, 500e6]);
  });

  it.each([
    ["guests before NICs", `guests:\n${guest(1)}${HEAD.slice("apiVersion: gona/v1\n".length)}apiVersion: gona/v1\n`],
    [
      "guests in flow style",
      `${HEAD}guests: [{ name: a, vif: { device: d, mac: "52:54:00:00:00:01" }, aggregate: { slices: [{ nic: eth1 }] } }]\n`,
    ],
    ["no guests", HEAD],
    ["no indentation", `${HEAD}guests:\n${guest(1).replace(/^ {2}/gm, "")}`],
    ["Windows line ends", TEXT.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\ufeff${TEXT}`],
    ["JSON", '{"apiVersion": "gona/v1"}'],
    ["two guests alike", TEXT + guest(1)],
    ["a binary guest", TEXT.replace("g2", "g\u0000")],
  ])("takes %s as parseSpec does", (_, text) => {
    const reader = new SpecReader();
    for (let round = 0; round < 2; round++) {
      expect(said(() => reader.parse(text, { file: "f" }))).toEqual(said(() => parseSpec(text, { file: "f" })));
    }
  });
});

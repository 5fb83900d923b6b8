import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument, stringify } from "yaml";
import { readSpecText } from "../src/spec/read-spec-text.ts";
import { readSimpleYaml } from "../src/spec/simple-yaml.ts";
import { formatPath, type Path } from "../src/spec/spec-path.ts";
import { readYaml } from "../src/spec/yaml-source.ts";
import { wholeSpec } from "./whole-spec.ts";

/** What the library reads, or undefined where it finds anything to say. */
function byLibrary(text: string): { value: unknown } | undefined {
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  return document.errors.length + document.warnings.length > 0 ? undefined : { value: document.toJS() };
}

const SEED = `apiVersion: gona/v1
# c
nics:
- { name: eth1, capacity: 10Gbit, q: "a b" }   # x
-   name: eth2
    list: [a, b, 3, 'x', [], {}, 10%]
    empty:
    other: true
guests:
  - - a
    - b: 1
      c: d e f#g
  -
    x: y:z
  - "q # s"
mac: 52:54:00:aa:00:01
k: null
`;

/** Up to four characters put in, taken out or replaced, anywhere. */
const edit = fc.record({
  at: fc.nat(SEED.length),
  cut: fc.nat(3),
  put: fc.constantFrom(...Array.from(" :-#,[]{}'\"\n&*!|>%@`?ax1~.0e+_/\\"), "", "\n  ", "- ", ": ", "null", "1_0"),
});

/** Every place of a text, and one that is not there, by the simple reader and by the library. */
function expectSamePlaces(text: string, value: unknown): void {
  const simple = readSpecText(text).source;
  const library = readYaml(text).source;
  const check = (path: Path, below: unknown) => {
    for (const point of ["value", "key"] as const) {
      const shown = `${formatPath(path)} (${point}) of ${JSON.stringify(text)}`;
      expect(simple?.place(path, point), shown).toEqual(library?.place(path, point));
    }
    if (typeof below !== "object" || below === null) return;
    const entries: [string | number, unknown][] = Array.isArray(below) ? [...below.entries()] : Object.entries(below);
    for (const [key, child] of [...entries, ["absent", undefined] as const]) check([...path, key], child);
  };
  check([], value);
}

describe("the simple reader of YAML", () => {
  it("reads what the library writes, in every style it gives up on nothing else", () => {
    const text = stringify(wholeSpec());
    expect(readSimpleYaml(text)).toEqual({ value: wholeSpec() });
    expect(readSimpleYaml(SEED)).toEqual(byLibrary(SEED));
  });

  it("never reads a text otherwise than the library, and never one that the library refuses", () => {
    let read = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = SEED;
        for (const { at, cut, put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        const simple = readSimpleYaml(text);
        if (simple === undefined) return;
        read++;
        expect(simple).toStrictEqual(byLibrary(text));
        expectSamePlaces(text, simple.value);
      }),
      { numRuns: 800 },
    );
    expect(read).toBeGreaterThan(60);
  });

  it.each([
    "a: b: c",
    "a:\n  b\n  c",
    "a: b\n  c",
    "a: 'it''s'",
    'a: "x\\n"',
    "a: 0x10",
    "a: 1e3",
    "a: .5",
    "a: 007",
    "a: Null",
    "a: &x 1",
    "a: |\n  x",
    "1: a",
    "a: 1\na: 2",
    "'a': 1",
    "[a, b]",
    "a",
    "a: {b}",
    "a: [b: c]",
    "a: {b: 1,, c: 2}",
    "a: [1,\n  2]",
    " a: 1\nb: 2",
    "a:\n  b: 1\n c: 2",
    "? a",
    "- a\nb: 1",
    "a: @b",
    "a: -",
    "__proto__: 1",
    "<<: 1",
    "a:\tb",
    "",
    "# x",
  ])("leaves %j to the library", (text) => {
    expect(readSimpleYaml(text)).toBeUndefined();
  });
});

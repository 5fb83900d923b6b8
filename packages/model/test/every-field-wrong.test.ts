import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { formatPath, type Path, parseSpec } from "../src/index.ts";
import { errorsOf } from "./spec-errors-of.ts";
import { wholeSpec } from "./whole-spec.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every map, list and scalar below the top, by path. */
function places(value: Json, path: Path = []): { path: Path; value: Json }[] {
  const children: [string | number, Json][] =
    typeof value !== "object" || value === null
      ? []
      : Array.isArray(value)
        ? value.map((child, i) => [i, child])
        : Object.entries(value);
  return children.flatMap(([key, child]) => [{ path: [...path, key], value: child }, ...places(child, [...path, key])]);
}

/** The spec with one place changed: by a new value, or (undefined) by leaving it out. */
function changed(path: Path, value: Json | undefined): Json {
  const root: Json = wholeSpec();
  let parent: Json = root;
  for (const part of path.slice(0, -1)) parent = (parent as Record<string | number, Json>)[part] ?? null;
  const last = path.at(-1) ?? "";
  if (value !== undefined) (parent as Record<string | number, Json>)[last] = value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as Record<string, Json>)[last];
  return root;
}

const everyPlace = places(wholeSpec());
const scalars = everyPlace.filter(({ value }) => typeof value !== "object");
const collections = everyPlace.filter(({ value }) => typeof value === "object");

/** Wrong wherever they stand: no field takes any of them. */
const WRONG_FOR_SCALARS: Json[] = [
  null,
  {},
  [],
  -1,
  3.5,
  1e300,
  "",
  " ",
  "a b/c",
  "\u{1f980}".repeat(20),
  "x".repeat(1000),
];
const WRONG_FOR_COLLECTIONS: Json[] = [null, true, 7, "text", [[]], [7.5], { nonsense: 1 }];

/** A text with a mark instead of the value, so that the right place is found without any parser. */
const MARK = "@MARK@";
function placesFor(path: Path, print: (spec: Json) => string) {
  const [before = "", after = ""] = print(changed(path, MARK)).split(JSON.stringify(MARK));
  const lines = before.split("\n");
  const textWith = (value: Json) => before + JSON.stringify(value) + after;
  return { textWith, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

const PRINTERS: readonly [string, (spec: Json) => string][] = [
  ["JSON", (spec) => JSON.stringify(spec)],
  ["indented JSON", (spec) => JSON.stringify(spec, null, "\t")],
  ["YAML", (spec) => stringify(spec, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 })],
];

describe.each(PRINTERS)("a spec in %s", (_, print) => {
  it("is good as a whole", () => {
    expect(parseSpec(print(wholeSpec()), { file: "host.yaml" }).spec.guests).toHaveLength(2);
  });

  it("names the place of every wrong scalar", () => {
    for (const { path } of scalars) {
      const { textWith, line, column } = placesFor(path, print);
      for (const wrong of WRONG_FOR_SCALARS) {
        const error = errorsOf(textWith(wrong)).find(({ detail }) => detail.location?.path === formatPath(path));
        const shown = `${formatPath(path)} = ${JSON.stringify(wrong)}`;
        expect(error?.code, shown).toMatch(/^SPEC_(INVALID|REFERENCE)$/);
        expect(error?.detail.location, shown).toEqual({ file: "host.yaml", line, column, path: formatPath(path) });
        expect(error?.detail.allowed, shown).toMatch(/\w/);
        expect(error?.message, shown).toContain("found ");
      }
    }
  });

  it("names the place of every map and list that is something else", () => {
    for (const { path } of collections) {
      const { textWith, line } = placesFor(path, print);
      for (const wrong of WRONG_FOR_COLLECTIONS) {
        const errors = errorsOf(textWith(wrong)).filter(({ detail }) =>
          detail.location?.path.startsWith(formatPath(path)),
        );
        expect(errors.length, `${formatPath(path)} = ${JSON.stringify(wrong)}`).toBeGreaterThan(0);
        expect(errors[0]?.detail.location?.line).toBe(line);
      }
    }
  });

  it("names an unknown key in every map, at the key, and the nearest right one", () => {
    for (const { path, value } of collections) {
      if (Array.isArray(value) || value === null || typeof value !== "object") continue;
      const known = Object.keys(value)[0] ?? "";
      const key = `${known}x`;
      const text = print(changed([...path, key], 1));
      const error = errorsOf(text).find(({ detail }) => detail.location?.path === formatPath([...path, key]));
      expect(error?.message, formatPath(path)).toContain(`unknown key: found "${key}"`);
      expect(error?.detail.hint).toBe(`did you mean "${known}"?`);
      const { line = 0, column = 0 } = error?.detail.location ?? {};
      expect(
        text
          .split("\n")
          [line - 1]?.slice(column - 1)
          .replace('"', ""),
      ).toMatch(new RegExp(`^${key}`));
    }
  });

  it("names what is missing, at the map that lacks it", () => {
    const required = new Set([
      "apiVersion",
      "domains[].name",
      "domains[].isolation",
      "fabrics[].name",
      "nics[].name",
      "nics[].capacity",
      "guests[].name",
      "guests[].vif.mac",
      "guests[].aggregate.slices[].nic",
      "guests[].aggregate.classes[].name",
      "guests[].aggregate.classes[].match",
      "guests[].vifs[].name",
      "guests[].vifs[].mac",
      "guests[].vifs[].aggregate",
      "guests[].vifs[].create.netns",
      "guests[].vifs[].create.name",
      "guests[].vifs[].aggregate.want.reserve",
    ]);
    for (const { path, value } of everyPlace) {
      if (typeof path.at(-1) === "number") continue;
      const errors = errorsOf(print(changed(path, undefined)));
      const missing = errors.find(({ message }) => message === `${String(path.at(-1))} is missing`);
      const shown = `${formatPath(path)} (${typeof value})`;
      if (!required.has(formatPath(path).replace(/\d+/g, ""))) expect(missing, shown).toBeUndefined();
      else expect(missing?.detail.location?.path, shown).toBe(formatPath(path));
    }
  });
});

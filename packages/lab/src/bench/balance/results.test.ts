import { expect, it } from "vitest";
import { atMost, Results } from "./results.ts";

const figure = (value: number) => ({
  figure: "mean",
  unit: "ms",
  value,
  aim: atMost(5, "flowlet"),
  beside: ["hash", "one NIC"] as const,
});

it("gives GONA's figure once beside each other way, with its aim; the others' without", () => {
  const results = new Results();
  for (const value of [3, 9, 4]) results.add("mice", "flowlet", [figure(value)]);
  results.add("mice", "hash", [figure(8)]);
  results.add("mice", "one NIC", [figure(2)]);
  const rows = results.rows();
  expect(rows.map((row) => [row.case, row.value, row.versus?.name, row.versus?.ratio, row.holds])).toEqual([
    ["mice, flowlet", 4, "hash", 0.5, true],
    ["mice, flowlet", 4, "one NIC", 2, true],
    ["mice, hash", 8, undefined, undefined, undefined],
    ["mice, one NIC", 2, undefined, undefined, undefined],
  ]);
  expect(rows[0]).toMatchObject({ low: 3, high: 9, target: "<= 5" });
});

it("keeps a figure whose other is missing or nothing", () => {
  const results = new Results();
  results.add("mice", "flowlet", [figure(7)]);
  results.add("mice", "hash", [figure(0)]);
  expect(results.rows()).toHaveLength(2);
  expect(results.rows()[0]).toMatchObject({ value: 7, holds: false });
  expect(results.rows()[0]?.versus).toBeUndefined();
});

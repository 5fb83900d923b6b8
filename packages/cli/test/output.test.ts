import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundCount, roundRate, shortTime } from "../src/output/quantities.ts";
import { painter } from "../src/output/style.ts";
import { renderTable } from "../src/output/table.ts";
import { GUEST_COLUMNS, NIC_COLUMNS, SLICE_COLUMNS } from "../src/output/views.ts";
import { terminal } from "../src/terminal.ts";
import { guest, nic, slice } from "./canned.ts";

const plain = painter(false);

describe("a table", () => {
  const columns = [
    { title: "NAME", text: (row: { name: string; n: number }) => row.name, least: 6 },
    { title: "COUNT", text: (row: { name: string; n: number }) => String(row.n), align: "right" as const },
    { title: "EXTRA", text: () => "something long", dispensable: 1 },
  ];
  const rows = [
    { name: "a", n: 5 },
    { name: "a-rather-long-name", n: 12345 },
  ];

  it("has a column's width of its widest cell, numbers to the right", () => {
    expect(renderTable(columns, rows, { width: undefined, paint: plain })).toBe(
      [
        "NAME                COUNT  EXTRA",
        "a                       5  something long",
        "a-rather-long-name  12345  something long",
        "",
      ].join("\n"),
    );
  });

  it("loses what it can do without first, and is cut then", () => {
    expect(renderTable(columns, rows, { width: 25, paint: plain }).split("\n")[0]).toBe("NAME                COUNT");
    expect(renderTable(columns, rows, { width: 15, paint: plain }).split("\n")[2]).toBe("a-rathe…  12345");
  });

  it("fits any terminal of 40 columns and more, whatever it shows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 250 }), fc.string({ maxLength: 15 }), fc.nat(), (width, name, count) => {
        const safe = name.replace(/\s/g, "_");
        const wide = (text: string) => Math.max(...text.split("\n").map((line) => Array.from(line).length));
        const options = { width, paint: plain };
        const slices = [slice(safe, "eth1", { drops: count })];
        expect(
          wide(renderTable(GUEST_COLUMNS, [guest(safe, { reason: safe.repeat(9) })], options)),
        ).toBeLessThanOrEqual(width + 5);
        expect(wide(renderTable(SLICE_COLUMNS, slices, { ...options, width: width + 20 }))).toBeLessThanOrEqual(
          width + 20,
        );
        expect(wide(renderTable(NIC_COLUMNS, [nic("eth1", { reason: safe.repeat(9) })], options))).toBeLessThanOrEqual(
          width + 5,
        );
      }),
    );
  });

  it("says by which path a slice goes", () => {
    const wide = { width: undefined, paint: plain };
    const slices = [
      slice("a", "eth1"),
      slice("b", "eth1", { path: "sriov", vf: 3 }),
      slice("c", "eth1", { path: "macvtap" }),
    ];
    const shown = renderTable(SLICE_COLUMNS, slices, wide).split("\n");
    expect(shown.slice(1, 4).map((line) => /egress +(hub|VF 3|macvtap) /.exec(line)?.[1])).toEqual([
      "hub",
      "VF 3",
      "macvtap",
    ]);
    expect(renderTable(GUEST_COLUMNS, [guest("b", { slices: slices.slice(1, 2) })], wide)).toMatch(/eth1 \(VF 3\)/);
  });

  it("is painted without its columns moving", () => {
    const state = [{ title: "STATE", text: () => "up", style: () => "green" as const }, ...columns];
    const painted = renderTable(state, rows, { width: undefined, paint: painter(true) });
    const withoutCodes = painted.split("\u001b").map((part, i) => (i === 0 ? part : part.replace(/^\[\d+m/, "")));
    expect(painted).not.toBe(renderTable(state, rows, { width: undefined, paint: plain }));
    expect(withoutCodes.join("")).toBe(renderTable(state, rows, { width: undefined, paint: plain }));
  });
});

describe("quantities", () => {
  it.each([
    [0, "0 bit"],
    [7, "0 bit"],
    [941_234_567, "941 Mbit"],
    [1_234_567, "1.23 Mbit"],
    [9_999_999_999, "10 Gbit"],
    [2e12, "1 Tbit"],
  ])("%d bit/s measured is %s", (bits, text) => expect(roundRate(bits)).toBe(text));

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [999_999, "1 MB"],
    [1_234_567, "1.23 MB"],
    [8e18, "8 EB"],
  ])("%d bytes are %s", (count, text) => expect(roundCount(count, "B")).toBe(text));

  it("a time is that of UTC without fractions", () =>
    expect(shortTime("2026-11-22T20:11:15.123Z")).toBe("2026-11-22 20:11:15"));
});

describe("colours", () => {
  const stream = (isTTY: boolean) => Object.assign(Object.create(process.stdout), { isTTY, columns: 99 });
  it.each([
    [true, {}, true, 99],
    [true, { NO_COLOR: "1" }, false, 99],
    [true, { NO_COLOR: "" }, true, 99],
    [true, { TERM: "dumb" }, false, 99],
    [false, {}, false, undefined],
  ])("terminal %s with %j: %s", (isTTY, env, colour, columns) => {
    const sink = terminal(stream(isTTY), env);
    expect([sink.colour, sink.columns]).toEqual([colour, columns]);
  });
});

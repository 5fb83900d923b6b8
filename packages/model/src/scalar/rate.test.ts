import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitsPerSecond, MAX_BITS_PER_SECOND } from "../units.ts";
import { formatRate, parseRate, readRate } from "./rate.ts";

describe("rates", () => {
  it("are read back exactly as they were written, over the whole range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_BITS_PER_SECOND / 8 }), (bytes) => {
        const rate = bitsPerSecond(bytes * 8);
        expect(parseRate(formatRate(rate))).toBe(rate);
        expect(parseRate(formatRate(rate).replace(" ", ""))).toBe(rate);
      }),
    );
  });

  it.each([
    ["300Mbit", 300_000_000],
    ["1.5Gbit", 1_500_000_000],
    ["1.2 Gbit", 1_200_000_000],
    ["64kbit", 64_000],
    ["0bit", 0],
    ["8bit", 8],
    ["1Tbit", 1e12],
    ["0.000000008Gbit", 8],
    ["34.359738368Gbit", 34_359_738_368],
    ["999.999999992Gbit", 999_999_999_992],
    ["1.50Gbit", 1_500_000_000],
  ])("%s is %d bit/s", (text, bits) => {
    expect(readRate(text)).toEqual({ ok: true, value: bits });
  });

  it.each([
    ["1 Tbit", 1e12],
    ["1.5 Gbit", 1.5e9],
    ["999.999992 Mbit", 999_999_992],
    ["64 kbit", 64_000],
    ["8 bit", 8],
    ["0 bit", 0],
  ])("%s is what %d bit/s is shown as", (text, bits) => {
    expect(formatRate(bitsPerSecond(bits))).toBe(text);
  });

  it.each([
    [300, "300Mbit"],
    ["300", "300Mbit"],
    [1_500_000_000, "1.5Gbit"],
    [0, "0bit"],
    ["300mbit", "300Mbit"],
    ["300M", "300Mbit"],
    ["300Mb", "300Mbit"],
    ["300Mb/s", "300Mbit"],
    ["300Mbit/s", "300Mbit"],
    ["300mbps", "300Mbit"],
    ["5kbps", "5kbit"],
    ["5Kbit", "5kbit"],
    ["10GBIT", "10Gbit"],
    ["10G", "10Gbit"],
    ["40MB", "320Mbit"],
    ["40MB/s", "320Mbit"],
    ["1GiB", "8Gbit"],
    ["1,5Gbit", "1.5Gbit"],
    ["12bit", "8bit"],
    ["1e9bit", "1Gbit"],
    ["33.3333333333Gbit", "33.333333328Gbit"],
  ])("%j is refused, and %s proposed", (text, meant) => {
    expect(readRate(text)).toMatchObject({ ok: false, problem: { hint: `did you mean "${meant}"?` } });
    expect(readRate(meant)).toMatchObject({ ok: true });
  });

  it.each([
    "",
    "fast",
    "-5Mbit",
    "Mbit",
    "5 Mbit Mbit",
    "5  Mbit",
    "1.Gbit",
    ".5Gbit",
    "0x10Mbit",
    "9".repeat(400),
    "2Tbit",
    "١٠Mbit",
    null,
    true,
    [],
    Number.NaN,
    -3,
    Infinity,
  ])("%j is refused", (text) => {
    expect(readRate(text)).toMatchObject({ ok: false, problem: { allowed: expect.stringMatching(/^a rate/) } });
  });

  it("are refused to a command by a USAGE error", () => {
    expect(() => parseRate("300")).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

import { expect, test } from "vitest";
import { readPciAddress } from "./pci-address.ts";

test("a PCI address is taken as the kernel writes it", () => {
  expect(readPciAddress("0000:03:00.0")).toEqual({ ok: true, value: "0000:03:00.0" });
  expect(readPciAddress("0001:af:1f.7")).toMatchObject({ ok: true });
});

test("one that is written otherwise is refused, with what was meant", () => {
  for (const text of ["03:00.a", "AF:00.0", "0000:AF:00.0 "]) {
    const read = readPciAddress(text);
    expect(read).toMatchObject({ ok: false });
    if (!read.ok) expect(read.problem.hint).toBe(/af/i.test(text) ? 'did you mean "0000:af:00.0"?' : undefined);
  }
  for (const value of ["0000:03:20.0", "0000:03:00.8", "eth1", "", 3]) {
    expect(readPciAddress(value)).toMatchObject({ ok: false, problem: { allowed: expect.stringContaining("lspci") } });
  }
});

import { expect, test } from "vitest";
import { cpuMask } from "./receive-in-order.ts";

test.for([
  ["0\n", "00000001"],
  ["0-1\n", "00000003"],
  ["0-3,8", "0000010f"],
  ["0-31", "ffffffff"],
  ["1,32-33", "00000003,00000002"],
  ["64", "00000001,00000000,00000000"],
] as const)("CPUs %s are the mask %s", ([list, mask]) => {
  expect(cpuMask(list)).toBe(mask);
});

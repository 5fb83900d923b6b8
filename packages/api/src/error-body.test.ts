import { GonaError } from "@gona/model";
import { expect, test } from "vitest";
import { fromErrorBody, toErrorBody } from "./error-body.ts";

test("a cause that the message quotes already is not said again", () => {
  const kernel = new GonaError("KERNEL_REFUSED", "tc qdisc add dev eth1: EPERM");
  const step = new GonaError("KERNEL_REFUSED", `queue of eth1: ${kernel.message}`, {}, { cause: kernel });
  const told = new GonaError("APPLY_ROLLED_BACK", `revision 2 was rolled back: ${step.message}`, {}, { cause: step });
  expect(toErrorBody(told).error).not.toHaveProperty("cause");
  const vague = new GonaError("APPLY_ROLLED_BACK", "revision 2 was rolled back", {}, { cause: step });
  expect(toErrorBody(vague).error.cause).toBe(step.message);
  expect(fromErrorBody(toErrorBody(vague)).cause).toMatchObject({ message: step.message });
});

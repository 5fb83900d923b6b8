import { GonaError } from "@gona/model";
import { expect, test } from "vitest";
import { errorForLog } from "./logger.ts";

test("the log has an error in the words that clients get, and a stack only for a bug of ours", () => {
  const cause = new Error("ENOSPC");
  const full = new GonaError("STORAGE", "cannot write gona.db", { hint: "make room" }, { cause });
  expect(errorForLog(full)).toEqual({
    code: "STORAGE",
    message: "cannot write gona.db",
    hint: "make room",
    cause: "ENOSPC",
  });
  expect(errorForLog(new TypeError("x is not a function"))).toHaveProperty("stack");
  expect(errorForLog(new GonaError("BUG", "this cannot be"))).toHaveProperty("stack");
});

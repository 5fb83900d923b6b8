import { expect, test } from "vitest";
import { HeldNamespace } from "./held-namespace.ts";
import { createNamespace, deleteNamespace, listNamespaces } from "./named-namespaces.ts";

const NAME = "gona-k-held";

test("a namespace that is held outlives its name and gets it back, also from another that took it", () => {
  deleteNamespace(NAME);
  createNamespace(NAME);
  try {
    using held = HeldNamespace.open(NAME);
    expect(held.hasName(NAME)).toBe(true);
    deleteNamespace(NAME);
    expect(held.hasName(NAME)).toBe(false);

    held.bindName(NAME);
    expect(held.hasName(NAME)).toBe(true);
    {
      using again = HeldNamespace.open(NAME);
      expect(again.inode).toBe(held.inode);
    }

    deleteNamespace(NAME);
    createNamespace(NAME);
    expect(held.hasName(NAME)).toBe(false);
    held.bindName(NAME);
    expect(held.hasName(NAME)).toBe(true);
  } finally {
    deleteNamespace(NAME);
  }
  expect(listNamespaces()).not.toContain(NAME);
  expect(() => HeldNamespace.open(NAME)).toThrow(/gona-k-held: ENOENT/);
});

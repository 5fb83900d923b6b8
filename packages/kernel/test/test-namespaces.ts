import { createNamespace, deleteNamespace } from "../src/namespace/named-namespaces.ts";

/** Namespaces that live as long as a test: `using ns = testNamespaces("gona-k-x", "gona-k-y")`. */
export function testNamespaces(...names: readonly string[]): Disposable {
  for (const name of names) {
    deleteNamespace(name); // what a killed test left
    createNamespace(name);
  }
  return {
    [Symbol.dispose]: () => {
      for (const name of names) deleteNamespace(name);
    },
  };
}

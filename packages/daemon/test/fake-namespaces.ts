import type { NamespaceSource } from "@gona/kernel";

type Names = ReturnType<NamespaceSource["names"]>;

/** Named namespaces that a test makes up. */
export class FakeNamespaces implements NamespaceSource {
  #names: Names = { ready: [], unready: [] };
  readonly #listeners = new Set<() => void>();

  names(): Names {
    return this.#names;
  }

  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  set(names: Partial<Names>): void {
    this.setSilently(names);
    for (const listener of this.#listeners) listener();
  }

  /** As when a namespace is mounted over its name. */
  setSilently({ ready = [], unready = [] }: Partial<Names>): void {
    this.#names = { ready, unready };
  }
}

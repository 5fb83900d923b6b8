import { mkdirSync, statfsSync, watch } from "node:fs";
import { NETNS_DIRECTORY, namespacePath } from "./in-namespace.ts";
import { listNamespaces } from "./named-namespaces.ts";

const NSFS_MAGIC = 0x6e736673;

/** The named network namespaces of this machine, and word of changes. */
export interface NamespaceSource {
  /** Those that can be entered. A name appears as a file first and becomes a namespace a moment later. */
  names(): { readonly ready: readonly string[]; readonly unready: readonly string[] };
  /** Calls back when a name came or went. */
  watch(listener: () => void): Disposable;
}

export const hostNamespaces: NamespaceSource = {
  names() {
    const { ready = [], unready = [] } = Object.groupBy(listNamespaces(), (name) =>
      isNamespace(name) ? "ready" : "unready",
    );
    return { ready, unready };
  },
  watch(listener) {
    mkdirSync(NETNS_DIRECTORY, { recursive: true, mode: 0o755 });
    const watcher = watch(NETNS_DIRECTORY, { persistent: false }, () => listener());
    return { [Symbol.dispose]: () => watcher.close() };
  },
};

function isNamespace(name: string): boolean {
  try {
    return statfsSync(namespacePath(name)).type === NSFS_MAGIC;
  } catch {
    // It went between the listing and the look.
    return false;
  }
}

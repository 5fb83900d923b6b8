import { statSync } from "node:fs";
import { namespacePath } from "./in-namespace.ts";
import { listNamespaces } from "./named-namespaces.ts";

/** Where the hub has no name of its own. */
const NAMELESS_HUB = "gona";

/** Name below /run/netns of a driver domain's namespace: `host1.dd-intel` for a hub called `host1`. */
export const domainNamespace = (domain: string, hub: string | undefined): string => `${hub ?? NAMELESS_HUB}.${domain}`;

/** Name below /run/netns of the namespace that this process is in; undefined where it has none. */
export function ownNamespaceName(): string | undefined {
  const own = statSync(`/proc/${process.pid}/ns/net`);
  return listNamespaces().find((name) => {
    try {
      const { dev, ino } = statSync(namespacePath(name));
      return dev === own.dev && ino === own.ino;
    } catch {
      return false; // it went between the listing and the look
    }
  });
}

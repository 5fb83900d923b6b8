import { GonaError } from "@gona/model";
import type { DomainControl } from "./domain-control.ts";

const unknown = (found: string) => new GonaError("NOT_FOUND", "no such driver domain", { found });

/** For a hub that has none: nothing is ready, and nothing becomes so. */
export const NO_DOMAINS: DomainControl = {
  ready: new Map(),
  standing: new Map(),
  want: () => undefined,
  hold: () => undefined,
  restart: (found) => Promise.reject(unknown(found)),
  exec: (found) => Promise.reject(unknown(found)),
  stopAll: () => Promise.resolve(),
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

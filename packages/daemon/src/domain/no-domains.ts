import { GonaError } from "@gona/model";
import type { DomainControl } from "./domain-control.ts";

/** For a hub that has none: nothing is ready, and nothing becomes so. */
export const NO_DOMAINS: DomainControl = {
  ready: new Map(),
  standing: new Map(),
  want: () => undefined,
  hold: () => undefined,
  restart: (found) => Promise.reject(new GonaError("NOT_FOUND", "no such driver domain", { found })),
  stopAll: () => Promise.resolve(),
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};

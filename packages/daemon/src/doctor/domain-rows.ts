import { join } from "node:path";
import type { DoctorRow } from "@gona/api";

export interface DomainFacts {
  readonly path: string;
  readonly exists: (path: string) => boolean;
  /** Processes can be put in control groups of their own. */
  readonly cgroups: boolean;
}

/** What driver domains in namespaces need besides a hub's needs. */
export function domainRows({ path, exists, cgroups }: DomainFacts): readonly DoctorRow[] {
  const setpriv = path.split(":").find((directory) => exists(join(directory, "setpriv")));
  return [
    setpriv === undefined
      ? {
          check: "setpriv",
          state: "missing",
          found: "not in PATH",
          remedy: "apt-get install util-linux: agents of driver domains drop their capabilities by it",
        }
      : { check: "setpriv", state: "ok", found: join(setpriv, "setpriv") },
    cgroups
      ? { check: "cgroup", state: "ok", found: "a group (v2) of each agent's own" }
      : {
          check: "cgroup",
          state: "advice",
          found: "cgroup v2 is not there, or cannot be written",
          remedy: "agents run all the same, without a limit of memory of their own",
        },
  ];
}

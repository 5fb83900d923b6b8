import { programPins } from "@gona/dataplane";
import { hostNamespaces, ownNamespaceName } from "@gona/kernel";
import type { DomainSpec } from "@gona/model";
import { GonaError } from "@gona/model";
import type { Clock } from "../clock.ts";
import type { BackendEvents, Backends, DomainBackend } from "./domain-backend.ts";
import type { DomainFiles } from "./domain-files.ts";
import { NetnsBackend } from "./netns-backend.ts";

export interface OpenDomainsOptions {
  readonly runDir: string;
  readonly files: DomainFiles;
  readonly clock: Clock;
}

/** How the driver domains of this process's hub are made, by isolation. */
export function openBackends({ runDir, files, clock }: OpenDomainsOptions): Backends {
  const shared = { files, clock, namespaces: hostNamespaces, hub: ownNamespaceName(), programs: programPins(runDir) };
  return {
    netns: (spec: DomainSpec, events: BackendEvents): DomainBackend => new NetnsBackend({ spec, events, ...shared }),
    vm: (spec) => {
      throw new GonaError("SPEC_UNSUPPORTED", `domain ${spec.name}: isolation vm is not built yet`);
    },
  };
}

import { programPins } from "@gona/dataplane";
import { hostNamespaces, type Kernel, ownNamespaceName } from "@gona/kernel";
import type { DomainSpec } from "@gona/model";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { BackendEvents, Backends, DomainBackend } from "./domain-backend.ts";
import type { DomainFiles } from "./domain-files.ts";
import { NetnsBackend } from "./netns-backend.ts";
import { VmBackend } from "./vm/vm-backend.ts";
import { VmHost } from "./vm/vm-host.ts";

export interface OpenDomainsOptions {
  readonly runDir: string;
  readonly files: DomainFiles;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the hub. */
  readonly kernel: Kernel;
}

/** How the driver domains of this process's hub are made, by isolation. */
export function openBackends({ runDir, files, clock, log, kernel }: OpenDomainsOptions): Backends {
  const hub = ownNamespaceName();
  const shared = { files, clock, namespaces: hostNamespaces, hub, programs: programPins(runDir) };
  const machines = { files, clock, log, kernel, host: new VmHost(), hub: hub ?? "gona" };
  return {
    netns: (spec: DomainSpec, events: BackendEvents): DomainBackend => new NetnsBackend({ spec, events, ...shared }),
    vm: (spec: DomainSpec, events: BackendEvents): DomainBackend => new VmBackend({ spec, events, ...machines }),
  };
}

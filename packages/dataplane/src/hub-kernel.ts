import type { Kernel, LoadedBpf } from "@gona/kernel";

/** The kernel of a hub, with or without driver domains: LinuxKernel or PlacedKernel. */
export interface HubKernel extends Kernel {
  /** Runs synchronous work with the thread in the namespace where a link is; in the hub's without one. */
  inside<T>(work: () => T, link?: string): T;
  useBpf(object: LoadedBpf): void;
}

import { statSync } from "node:fs";
import { DomainKernel, LinuxKernel, namespacePath, type PlacedKernel } from "@gona/kernel";
import type { DomainId } from "@gona/model";
import type { ReadyDomain } from "./ready-domain.ts";

/** How the kernels of domains are opened; a test's are fakes. Throws KernelError. */
export type OpenDomainKernel = (domain: ReadyDomain & { readonly netns: string }) => DomainKernel;

interface Open {
  readonly kernel: DomainKernel;
  readonly inode: number;
}

/** Makes a hub's kernel one with the kernels of the domains that are ready. */
export class DomainKernels {
  readonly #placed: PlacedKernel;
  readonly #open = new Map<DomainId, Open>();

  constructor(placed: PlacedKernel) {
    this.#placed = placed;
  }

  /** Those who watch links are told to list them anew where a domain came or went. Throws KernelError. */
  sync(ready: ReadonlyMap<DomainId, ReadyDomain>): void {
    for (const name of [...this.#open.keys()]) {
      if (ready.get(name)?.netns !== undefined) continue;
      this.#open.delete(name);
      this.#placed.setDomain(name, undefined);
    }
    for (const [name, { netns, writer }] of ready) {
      if (netns === undefined) continue;
      const inode = statSync(namespacePath(netns)).ino;
      const known = this.#open.get(name);
      if (known?.inode === inode) {
        known.kernel.writer = writer;
        continue;
      }
      const kernel = new DomainKernel(name, LinuxKernel.open({ netns }), writer);
      this.#open.set(name, { kernel, inode });
      this.#placed.setDomain(name, kernel);
    }
  }
}

import type { HostSpec, VifSpec } from "@gona/model";
import { vifPath } from "./vif-path.ts";

/** Visits the vifs of a spec; the path (`guests[0].vifs[1]`) is made only when asked for, because nearly always nobody does. */
export function eachVif({ guests }: HostSpec, visit: (vif: VifSpec, path: () => string) => void): void {
  for (let i = 0; i < guests.length; i++) {
    const vifs = guests[i]?.vifs ?? [];
    for (let j = 0; j < vifs.length; j++) {
      const vif = vifs[j];
      if (vif !== undefined) visit(vif, () => vifPath(guests, i, j));
    }
  }
}

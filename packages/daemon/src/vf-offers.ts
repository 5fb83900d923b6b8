import type { HostSpec, NicId } from "@gona/model";
import { bypassOf, isVf, type VfOffer } from "@gona/planner";
import type { LinkTable } from "./link-table.ts";

/** What a NIC says of its virtual functions; may throw KernelError. */
export type AskVfs = (link: string) => VfOffer;

/** Inventory.nicsVfs: the NICs alone that are there, and of which the spec wants virtual functions, are asked. */
export function vfOffers(
  spec: HostSpec,
  ask: AskVfs | undefined,
  links: Pick<LinkTable, "has">,
): ReadonlyMap<NicId, VfOffer> {
  const offers = new Map<NicId, VfOffer>();
  if (ask === undefined) return offers;
  for (const { vifs } of spec.guests) {
    for (const vif of vifs) {
      const slice = bypassOf(vif);
      if (slice === undefined || !isVf(slice) || offers.has(slice.nic) || !links.has(slice.nic)) continue;
      offers.set(slice.nic, ask(slice.nic));
    }
  }
  return offers;
}

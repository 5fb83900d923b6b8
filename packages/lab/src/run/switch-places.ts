import type { FabricId, HostSpec } from "@gona/model";
import type { BedPlan } from "../bed/bed-plan.ts";

/** Where a switch learns a MAC that came in by a port. */
export interface SwitchPlace {
  readonly fabric: FabricId;
  /** The port's index; of a bundle, the first NIC's for all. */
  readonly port: number;
}

/** By the index of the port that it came in by. To a switch, the ports of a `lag` fabric's NICs are one. */
export function switchPlaces({ switches, nics }: BedPlan, host: HostSpec): ReadonlyMap<number, SwitchPlace> {
  const places = new Map<number, SwitchPlace>();
  for (const { fabric, ports } of switches) {
    for (const { ifindex } of ports) places.set(ifindex, { fabric, port: ifindex });
  }
  for (const { name, lag } of host.fabrics) {
    const bundle = nics.filter(({ fabric }) => lag && fabric === name).map(({ port }) => port);
    for (const { ifindex, fabric } of bundle) places.set(ifindex, { fabric, port: bundle[0]?.ifindex ?? ifindex });
  }
  return places;
}

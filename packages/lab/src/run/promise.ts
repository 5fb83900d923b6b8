import type { HostSpec, SliceShare } from "@gona/model";
import type { SliceName } from "../scenario/scenario.ts";

/** What a spec promises a slice on the way out; undefined when the spec has no such slice. */
export function promiseOf(host: HostSpec, { guest, nic }: SliceName): SliceShare | undefined {
  return host.guests
    .filter(({ name }) => name === guest)
    .flatMap(({ vifs }) => vifs.flatMap(({ aggregate }) => aggregate.slices))
    .find((slice) => slice.nic === nic)?.egress;
}

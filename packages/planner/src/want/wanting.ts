import type { HostSpec, VifSpec, Want } from "@gona/model";
import { vifPath } from "../vif-path.ts";
import type { Wish } from "./share-out.ts";

/** A vif whose slices are to be chosen. */
export interface Wanting {
  readonly vif: VifSpec;
  readonly want: Want;
  /** Of the want's reserve, in the spec. */
  readonly path: string;
}

/** In the order of the spec. */
export function wantingVifs({ guests }: HostSpec): readonly Wanting[] {
  const wanting: Wanting[] = [];
  for (const [i, guest] of guests.entries()) {
    for (const [j, vif] of guest.vifs.entries()) {
      const { want } = vif.aggregate;
      if (want !== undefined) wanting.push({ vif, want, path: `${vifPath(guests, i, j)}.aggregate.want.reserve` });
    }
  }
  return wanting;
}

export const wishOf = ({ want }: Wanting): Wish => ({
  reserve: want.reserve,
  survive: want.survive,
  weight: want.shares,
});

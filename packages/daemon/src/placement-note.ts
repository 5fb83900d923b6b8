import type { HostSpec, SliceSpec } from "@gona/model";
import type { Placed } from "@gona/planner";

/** The vifs whose slices were chosen, as text; undefined where there are none. */
export function noteOf(spec: HostSpec): string | undefined {
  const guests = spec.guests.flatMap(({ vifs }) => {
    const wanting = vifs.flatMap(({ id, aggregate: { want, slices } }) =>
      want === undefined ? [] : [{ id, aggregate: { want, slices: slices.map(noteOfSlice) } }],
    );
    return wanting.length === 0 ? [] : [{ vifs: wanting }];
  });
  return guests.length === 0 ? undefined : JSON.stringify({ guests } satisfies Placed);
}

const noteOfSlice = ({ nic, egress: { reserve } }: SliceSpec) => ({ nic, egress: { reserve } });

/**
 * What noteOf() wrote. A daemon that starts places what wants as the one before it did, which may
 * be otherwise than from nothing; so a restart changes no class. Written by GONA alone; placeWants()
 * takes of it only what still holds.
 */
export const placedFrom = (note: string | undefined): Placed | undefined =>
  note === undefined ? undefined : (JSON.parse(note) as Placed);

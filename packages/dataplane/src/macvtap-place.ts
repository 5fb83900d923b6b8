import type { LinkState } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { MacvtapPlace } from "@gona/planner";

/** What a macvtap was made for; a link that is none, or has a mode that no plan asks for, is like no plan's. */
export function macvtapPlace(link: LinkState | undefined): MacvtapPlace {
  const mode = link?.macvlan;
  if (link?.lower === undefined || (mode !== "bridge" && mode !== "private")) return NOWHERE;
  return { nic: link.lower as NicId, mode };
}

const NOWHERE: MacvtapPlace = { nic: "" as NicId, mode: "bridge" };

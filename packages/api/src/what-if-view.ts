import type { BitsPerSecond } from "@gona/model";
import type { PlanResult } from "./plan-result.ts";

/** What the planner says, by its own names. */
export interface WhatIfWords {
  readonly verdict: PlanResult["verdict"];
  readonly withoutNic: readonly {
    readonly nic: string;
    readonly degraded: readonly string[];
    readonly cutOff: readonly string[];
    readonly broken: readonly {
      readonly vif: string;
      readonly direction: "egress" | "ingress";
      readonly promised: BitsPerSecond;
      readonly kept: BitsPerSecond;
    }[];
  }[];
  readonly nearest: readonly { readonly path: string; readonly from: BitsPerSecond; readonly to: BitsPerSecond }[];
}

/** The same on the wire, where names carry units. */
export const whatIfView = ({
  verdict,
  withoutNic,
  nearest,
}: WhatIfWords): Pick<PlanResult, "fits" | "verdict" | "withoutNic" | "nearest"> => ({
  fits: verdict !== "does-not-fit",
  verdict,
  withoutNic: withoutNic.map(({ nic, degraded, cutOff, broken }) => ({
    nic,
    degraded: [...degraded],
    cutOff: [...cutOff],
    broken: broken.map(({ vif, direction, promised, kept }) => ({
      vif,
      direction,
      promisedBitsPerSecond: promised,
      keptBitsPerSecond: kept,
    })),
  })),
  nearest: nearest.map(({ path, from, to }) => ({ path, fromBitsPerSecond: from, toBitsPerSecond: to })),
});

import type { VifId } from "@gona/model";

const PREFIX = "gona ";
/** First word of a macvtap's label. */
const KIND = "macvtap";

/** What a macvtap of ours is labelled with, so that it tells by itself whose it is. */
export const aliasOfMacvtap = (vif: VifId): string => PREFIX + JSON.stringify([KIND, vif]);

/** Undefined for a label that is not ours. */
export function vifOfMacvtapAlias(alias: string | undefined): VifId | undefined {
  if (alias?.startsWith(PREFIX) !== true) return undefined;
  try {
    const label: unknown = JSON.parse(alias.slice(PREFIX.length));
    if (!Array.isArray(label) || label.length !== 2 || label[0] !== KIND) return undefined;
    const vif: unknown = label[1];
    return typeof vif === "string" && vif !== "" ? (vif as VifId) : undefined;
  } catch {
    return undefined; // a label that someone else changed
  }
}

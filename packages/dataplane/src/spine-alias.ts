import type { SpineId } from "@gona/planner";

const PREFIX = "gona ";
/** First word of a spine's label; a vif pair's begins with the vif, in a list of four. */
const KIND = "spine";

/** What the first end of a spine is labelled with, so that it tells by itself what it is for. */
export const aliasOfSpine = (id: SpineId): string => PREFIX + JSON.stringify([KIND, id]);

/** Undefined for a label that is not ours. */
export function spineOfAlias(alias: string | undefined): SpineId | undefined {
  if (alias?.startsWith(PREFIX) !== true) return undefined;
  try {
    const label: unknown = JSON.parse(alias.slice(PREFIX.length));
    if (!Array.isArray(label) || label.length !== 2 || label[0] !== KIND) return undefined;
    const id: unknown = label[1];
    return isSpineId(id) ? id : undefined;
  } catch {
    return undefined; // a label that someone else changed: the pair is made anew
  }
}

const isSpineId = (id: unknown): id is SpineId =>
  id === "cap" || id === "local" || (typeof id === "string" && id.startsWith("in ") && id.length > 3);

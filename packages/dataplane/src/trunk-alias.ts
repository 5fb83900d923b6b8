import { domainId, type NicId, nicId } from "@gona/model";
import type { Trunk } from "@gona/planner";

const PREFIX = "gona ";
/** First word of a trunk's label; a vif pair's begins with the vif, in a list of four. */
const KIND = "trunk";

/** What a trunk's end in the hub is labelled with, so that it tells by itself whose it is and where it leads. */
export function aliasOfTrunk(nic: NicId, trunk: Trunk): string {
  const words = [KIND, nic, trunk.domain, ...(trunk.kind === "veth" ? [trunk.peer, trunk.netns] : [])];
  return PREFIX + JSON.stringify(words);
}

export interface LabelledTrunk {
  readonly nic: NicId;
  readonly trunk: Trunk;
}

/** Undefined for a label that is not ours. */
export function trunkOfAlias(device: string, alias: string | undefined): LabelledTrunk | undefined {
  if (alias?.startsWith(PREFIX) !== true) return undefined;
  try {
    const label: unknown = JSON.parse(alias.slice(PREFIX.length));
    if (!Array.isArray(label) || !label.every((word) => typeof word === "string")) return undefined;
    const [kind, nic, domain, peer, netns] = label as string[];
    if (kind !== KIND || nic === undefined || domain === undefined) return undefined;
    const ends = { device, domain: domainId(domain) };
    if (peer === undefined) return { nic: nicId(nic), trunk: { kind: "tap", ...ends } };
    return netns === undefined ? undefined : { nic: nicId(nic), trunk: { kind: "veth", ...ends, peer, netns } };
  } catch {
    return undefined; // a label that someone else changed: the pair is made anew
  }
}

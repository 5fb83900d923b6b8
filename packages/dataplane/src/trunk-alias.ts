import { domainId, type NicId, nicId } from "@gona/model";
import type { Trunk } from "@gona/planner";

const PREFIX = "gona ";
/** First word of a trunk's label; a vif pair's begins with the vif, in a list of four. */
const KIND = "trunk";

/** What a trunk's end in the hub is labelled with, so that it tells by itself whose it is and where it leads. */
export const aliasOfTrunk = (nic: NicId, { domain, peer, netns }: Extract<Trunk, { kind: "veth" }>): string =>
  PREFIX + JSON.stringify([KIND, nic, domain, peer, netns]);

export interface LabelledTrunk {
  readonly nic: NicId;
  readonly trunk: Trunk;
}

/** Undefined for a label that is not ours. */
export function trunkOfAlias(device: string, alias: string | undefined): LabelledTrunk | undefined {
  if (alias?.startsWith(PREFIX) !== true) return undefined;
  try {
    const label: unknown = JSON.parse(alias.slice(PREFIX.length));
    if (!Array.isArray(label) || label.length !== 5 || !label.every((word) => typeof word === "string"))
      return undefined;
    const [kind, nic, domain, peer, netns] = label as [string, string, string, string, string];
    if (kind !== KIND) return undefined;
    return { nic: nicId(nic), trunk: { kind: "veth", device, domain: domainId(domain), peer, netns } };
  } catch {
    return undefined; // a label that someone else changed: the pair is made anew
  }
}

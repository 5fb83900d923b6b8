import type { VifId } from "@gona/model";
import type { VifLink } from "@gona/planner";

const PREFIX = "gona ";

/** What the hub's end of a pair of ours is labelled with, so that it tells by itself whose it is. */
export const aliasOf = (vif: VifId, { netns, name, mac }: VifLink): string =>
  PREFIX + JSON.stringify([vif, netns, name, mac]);

/** Undefined for a label that is not ours. */
export function fromAlias(device: string, alias: string): { readonly vif: VifId; readonly link: VifLink } | undefined {
  if (!alias.startsWith(PREFIX)) return undefined;
  try {
    const label: unknown = JSON.parse(alias.slice(PREFIX.length));
    if (!Array.isArray(label) || label.length !== 4) return undefined;
    const [vif, netns, name, mac] = label as readonly unknown[];
    const whole = [vif, netns, name, mac].every((text) => typeof text === "string");
    return whole ? ({ vif, link: { device, netns, name, mac } } as ReturnType<typeof fromAlias>) : undefined;
  } catch {
    return undefined; // a label that someone else changed: the pair is made anew
  }
}

import { type Kernel, type LinkState, type QdiscState, TC_CLSACT, TC_ROOT, type TcHandle } from "@gona/kernel";
import { longestMtu } from "../segment-mtu.ts";

/** Links and qdiscs of a hub as they are at one moment, read by one dump each. */
export interface HubView {
  readonly kernel: Kernel;
  readonly links: readonly LinkState[];
  readonly linkByName: ReadonlyMap<string, LinkState>;
  /** Of the hub alone. */
  readonly linkByIndex: ReadonlyMap<number, LinkState>;
  readonly longestMtu: () => number;
  /** Qdiscs by place, by link. */
  readonly qdiscs: ReadonlyMap<string, ReadonlyMap<TcHandle, QdiscState>>;
}

export function viewHub(kernel: Kernel): HubView {
  const links = kernel.links();
  let longest: number | undefined;
  const qdiscs = new Map<string, Map<TcHandle, QdiscState>>();
  for (const qdisc of kernel.qdiscs()) {
    const places = qdiscs.get(qdisc.link);
    if (places === undefined) qdiscs.set(qdisc.link, new Map([[qdisc.parent, qdisc]]));
    else places.set(qdisc.parent, qdisc);
  }
  return {
    kernel,
    links,
    linkByName: new Map(links.map((link) => [link.name, link])),
    longestMtu: () => {
      longest ??= longestMtu(links);
      return longest;
    },
    linkByIndex: new Map(links.flatMap((link) => (link.domain === undefined ? [[link.ifindex, link]] : []))),
    qdiscs,
  };
}

export const rootOf = (view: HubView, link: string): QdiscState | undefined => view.qdiscs.get(link)?.get(TC_ROOT);
/** Only a link with clsact can have filters: the others need not be asked. */
export const hasClsact = (view: HubView, link: string): boolean => view.qdiscs.get(link)?.has(TC_CLSACT) ?? false;

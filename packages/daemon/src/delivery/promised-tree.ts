import {
  defaultHostReserve,
  type HostSpec,
  type NicId,
  type NicSpec,
  type SliceShare,
  shares,
  type VifSpec,
} from "@gona/model";
import { besideVfs, type Direction, type HubState, vfLoads } from "@gona/planner";

/** One slice of the spec in one direction, with its place in the kernel. */
export interface PromisedSlice {
  readonly guest: string;
  readonly vif: VifSpec;
  readonly nic: NicId;
  readonly direction: Direction;
  readonly share: SliceShare;
  /** False: the spec promises nothing, but it has its part in the queue tree beside the others. */
  readonly promised: boolean;
  /** There is a latency goal: active queue management drops before the queue. */
  readonly managed: boolean;
  readonly vifSlot: number;
  /** Of the slice inside its aggregate. */
  readonly number: number;
}

/** One NIC in one direction, and where its traffic waits. */
export interface PromisedTree {
  readonly nic: NicSpec;
  readonly direction: Direction;
  /** Link whose root qdisc is the tree; absent: not shaped, only counted by the programs. */
  readonly link?: string;
  readonly host: SliceShare;
  readonly bySlot: ReadonlyMap<number, PromisedSlice>;
}

const DEFAULT_SHARES = shares(100);

/** The link whose queue tree a NIC's traffic passes; undefined where it passes none. */
export function treeLink(hub: HubState, nic: NicId, direction: Direction): string | undefined {
  const link = direction === "egress" ? nic : hub.spines.get(`in ${nic}`)?.device;
  const tree = link === undefined ? undefined : hub.trees.get(link);
  // Departure times leave no class to count by.
  return tree === undefined || tree.timed ? undefined : link;
}

/**
 * What a spec promises, by NIC and direction, as far as the kernel holds it: slices whose vif is not
 * there are left out. A NIC is left out of a direction in which nothing is promised.
 */
export function promisedTrees(spec: HostSpec, hub: HubState): readonly PromisedTree[] {
  const trees = new Map<string, PromisedTree & { readonly bySlot: Map<number, PromisedSlice> }>();
  const loads = vfLoads(spec);
  for (const nic of spec.nics) {
    for (const direction of ["egress", "ingress"] as const) {
      const link = treeLink(hub, nic.name, direction);
      const capacity = besideVfs(nic, loads.get(nic.name));
      const own = {
        nic: { ...nic, capacity },
        direction,
        host: hostShare(nic),
        bySlot: new Map(),
        ...(link !== undefined && { link }),
      };
      trees.set(`${nic.name} ${direction}`, own);
    }
  }
  for (const { name: guest, vifs } of spec.guests) {
    for (const vif of vifs) {
      const entry = hub.vifs.get(vif.id);
      if (entry === undefined) continue;
      const { latency, classes } = vif.aggregate;
      const managed = latency !== undefined || classes.some((each) => each.latency !== undefined);
      for (const [number, placed] of entry.slices.entries()) {
        const slice = placed === null ? undefined : vif.aggregate.slices.find(({ nic }) => nic === placed.nic);
        if (slice === undefined) continue;
        for (const direction of ["egress", "ingress"] as const) {
          const tree = trees.get(`${slice.nic} ${direction}`);
          const share = slice[direction];
          if (tree === undefined) continue;
          tree.bySlot.set(entry.slot, {
            guest,
            vif,
            nic: slice.nic,
            direction,
            share: share ?? unlimited(tree.nic),
            promised: share !== undefined,
            managed,
            vifSlot: entry.slot,
            number,
          });
        }
      }
    }
  }
  return [...trees.values()].filter(({ bySlot }) => Array.from(bySlot.values()).some(({ promised }) => promised));
}

const unlimited = ({ capacity }: NicSpec): SliceShare => ({
  reserve: 0 as SliceShare["reserve"],
  limit: capacity,
  shares: DEFAULT_SHARES,
});

const hostShare = (nic: NicSpec): SliceShare =>
  nic.host ?? { reserve: defaultHostReserve(nic.capacity), limit: nic.capacity, shares: DEFAULT_SHARES };

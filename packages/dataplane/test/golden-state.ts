import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatKernelState, type Kernel } from "@gona/kernel";
import { domainId, type NicId, nicId } from "@gona/model";
import type { NicPlacement } from "@gona/planner";
import { gonaAggregate, gonaNic, gonaSpineEnd, gonaVif, NicFlag, Spine, VifFlag } from "../src/abi.ts";
import { idText } from "../src/id-bytes.ts";
import { macText } from "../src/mac-bytes.ts";
import { decodeAddress, decodeSegment, decodeStation, indexOf } from "../src/map-keys.ts";
import { decodeTrafficRules } from "../src/traffic-rules-record.ts";
import type { Quality } from "./with-quality.ts";

/** Hosts whose whole kernel state is written down in golden/`name`.txt, made of golden/`spec`.yaml. */
export interface GoldenCase {
  readonly name: string;
  readonly spec: string;
  readonly quality: Quality;
  /** NICs that stand in the namespace of a driver domain. */
  readonly placed?: readonly string[];
}
/** The namespace of the golden domain. */
export const GOLDEN_DOMAIN = "gona-l-golden.dd-a";
/** Where NICs stand, as the planner is told. */
export const goldenPlacements = ({ placed = [] }: GoldenCase): ReadonlyMap<NicId, NicPlacement> =>
  new Map(placed.map((nic) => [nicId(nic), { isolation: "netns", domain: domainId("dd-a"), netns: GOLDEN_DOMAIN }]));
export const GOLDEN_CASES: readonly GoldenCase[] = [
  { name: "two-nics", spec: "two-nics", quality: {} },
  { name: "lag", spec: "lag", quality: {} },
  { name: "ingress", spec: "two-nics", quality: { ingress: ["eth2"] } },
  { name: "caps", spec: "two-nics", quality: { cap: true, local: true, queued: true } },
  { name: "macvtap", spec: "macvtap", quality: {} },
  { name: "netns-domain", spec: "netns-domain", quality: {}, placed: ["eth1"] },
  { name: "classes", spec: "two-nics", quality: { parts: [1, 2, 6], ingress: ["eth1"] } },
];
/** What stands in the hub before: two NICs and a vif, veths whose other ends are elsewhere. */
export const GOLDEN_LINKS = ["eth1", "eth2", "vnet0"] as const;
/** The golden specs name the far namespace of the real hub. */
export const GOLDEN_HUB = "golden";

export const goldenSpec = (name: string): string =>
  readFileSync(join(import.meta.dirname, `golden/${name}.yaml`), "utf8");
export const goldenFile = (name: string): string => join(import.meta.dirname, `golden/${name}.txt`);

/** Links, queues, filters and maps of a hub, ifindexes as names and pointers as words. */
export function formatHub(kernel: Kernel): string {
  const links = kernel.links().filter(({ name }) => name !== "lo");
  const inHub = links.filter(({ domain }) => domain === undefined);
  const nameOf = (ifindex: number) => inHub.find((link) => link.ifindex === ifindex)?.name ?? `no link ${ifindex}`;
  const used = new Set<number>();
  for (const [, value] of kernel.map("gona_vifs").entries()) {
    const vif = gonaVif.decode(value);
    if (vif.flags !== 0) used.add(vif.aggregate);
  }
  return formatKernelState(kernel, {
    links: links.map(({ name }) => name).sort(),
    macs: false,
    maps: {
      gona_nics(key, value) {
        const { netdev, ifindex, outIfindex, inIfindex, fabric, flags, trunk } = gonaNic.decode(value);
        if (flags === 0) return undefined;
        // Of a NIC in a namespace of its own the numbers are that namespace's.
        if (trunk !== 0n) {
          const inside = links.filter(({ domain }) => domain !== undefined);
          const nameThere = (index: number) =>
            inside.find((link) => link.ifindex === index)?.name ?? `no link ${index}`;
          const out = links.find((link) => link.domain === undefined && link.ifindex === outIfindex)?.name;
          const way = `${nameThere(ifindex)} out ${out} in ${nameThere(inIfindex)} ${netdev === 0n ? "unresolved" : "resolved"}`;
          return `${indexOf(key)}: ${way} fabric ${fabric} ${flagNames(NicFlag, flags)}`;
        }
        const waysIn = inIfindex === 0 ? "" : ` in ${nameOf(inIfindex)}`;
        const way = `${nameOf(ifindex)} out ${nameOf(outIfindex)}${waysIn} ${netdev === 0n ? "unresolved" : "resolved"}`;
        return `${indexOf(key)}: ${way} fabric ${fabric} ${flagNames(NicFlag, flags)}`;
      },
      gona_nic_names: formatName,
      gona_spines(key, value) {
        const { ifindex } = gonaSpineEnd.decode(value);
        const name = Object.entries(Spine).find(([, number]) => number === indexOf(key))?.[0];
        return ifindex === 0 ? undefined : `${name}: ${nameOf(ifindex)}`;
      },
      gona_vifs(key, value) {
        const { ifindex, aggregate, fabric, flags, vlan, mac, goalUs } = gonaVif.decode(value);
        if (flags === 0) return undefined;
        const where = `${nameOf(ifindex)} mac ${macText(mac)} fabric ${fabric} vlan ${vlan}`;
        return `${indexOf(key)}: ${where} aggregate ${aggregate} ${flagNames(VifFlag, flags)}${goalUs === 0 ? "" : ` goal ${goalUs} us`}`;
      },
      gona_vif_names: formatName,
      gona_aggregates(key, value) {
        if (!used.has(indexOf(key))) return undefined;
        const { slices, buckets } = gonaAggregate.decode(value);
        const parts = slices.flatMap((slice, number) => {
          const share = buckets.filter((bucket) => bucket === number).length;
          if (slice.inUse === 0) return share === 0 ? [] : [`slice ${number} free with ${share} buckets`];
          const classid = slice.classid.toString(16);
          return [`slice ${number}: nic ${slice.nic} class ${classid} mac ${macText(slice.mac)} buckets ${share}`];
        });
        return `${indexOf(key)}: ${parts.join("; ")}`;
      },
      gona_traffic_rules: (key, value) => JSON.stringify(decodeTrafficRules([key, value])),
      gona_stations: (key, value) => JSON.stringify(decodeStation([key, value])),
      gona_addresses: (key, value) => JSON.stringify(decodeAddress([key, value])),
      gona_segments: (key, value) => JSON.stringify(decodeSegment([key, value])),
    },
  });
}

function formatName(key: Uint8Array, value: Uint8Array): string | undefined {
  return value[0] === 0 ? undefined : `${indexOf(key)}: ${idText(value)}`;
}

const flagNames = (names: Readonly<Record<string, number>>, flags: number): string =>
  Object.entries(names)
    .flatMap(([name, flag]) => ((flags & flag) === 0 ? [] : [name]))
    .join("|");

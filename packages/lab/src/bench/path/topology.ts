import { join } from "node:path";
import { guestNetns, peerNetns, REPOSITORY } from "../../bed/lab-paths.ts";
import { ipBatch, runInside } from "../../bed/run-command.ts";
import { BenchHost } from "../bench-host.ts";

/** One way from a guest through the hub to a peer on the cable of a NIC. */
export interface PathVariant {
  readonly name: string;
  /** Namespaces are named after it. */
  readonly key: string;
  /** Joins the hub's two links; both are up and without a qdisc. */
  readonly join: (path: BenchPath) => Promise<void>;
  /** No hub at all: guest and peer on one veth pair. */
  readonly direct?: boolean;
}

export const GUEST = { link: "eth0", mac: "52:54:00:00:00:01", address: "10.77.0.1" };
export const PEER = { link: "eth0", mac: "52:54:00:00:00:02", address: "10.77.0.2" };
/** The hub's links. */
export const VIF = "vnet0";
export const NIC = "nic0";

export interface BenchPath extends AsyncDisposable {
  readonly variant: PathVariant;
  readonly host: BenchHost;
  readonly guest: string;
  readonly peer: string;
}

/** Builds one variant; everything in namespaces of its own. Throws GonaError. */
export async function buildPath(variant: PathVariant): Promise<BenchPath> {
  const lab = `bench-${variant.key}`;
  const guest = guestNetns(lab, "a");
  const peer = peerNetns(lab, "b");
  const host = await BenchHost.make(lab, [guest, peer]);
  const path: BenchPath = { variant, host, guest, peer, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
  try {
    const far = variant.direct === true ? { netns: peer, link: PEER.link } : { netns: host.hub, link: VIF };
    await ipBatch(guest, [
      `link add ${GUEST.link} address ${GUEST.mac} type veth peer name ${far.link} netns ${far.netns}`,
      `link set ${GUEST.link} up`,
      `address add ${GUEST.address}/24 dev ${GUEST.link}`,
      `neighbour add ${PEER.address} lladdr ${PEER.mac} dev ${GUEST.link} nud permanent`,
    ]);
    if (variant.direct !== true) {
      await ipBatch(peer, [`link add ${PEER.link} type veth peer name ${NIC} netns ${host.hub}`]);
      await ipBatch(host.hub, [`link set ${VIF} up`, `link set ${NIC} up`]);
    }
    await ipBatch(peer, [
      `link set ${PEER.link} address ${PEER.mac}`,
      `link set ${PEER.link} up`,
      `address add ${PEER.address}/24 dev ${PEER.link}`,
      `neighbour add ${GUEST.address} lladdr ${GUEST.mac} dev ${PEER.link} nud permanent`,
    ]);
    await variant.join(path);
    return path;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

async function bridge({ host }: BenchPath): Promise<void> {
  await ipBatch(host.hub, [
    "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
    "link set br0 up",
    `link set ${VIF} master br0`,
    `link set ${NIC} master br0`,
  ]);
}

/** As deep as GONA's tree and set as well: a root, one class, a byte-limited leaf; far above what passes. */
const HTB_LINES = [
  `qdisc add dev ${NIC} root handle 1: htb default 10`,
  `class add dev ${NIC} parent 1: classid 1:1 htb rate 100gbit ceil 100gbit burst 64m cburst 64m quantum 65536`,
  `class add dev ${NIC} parent 1:1 classid 1:10 htb rate 50gbit ceil 100gbit burst 32m cburst 64m quantum 65536`,
  `qdisc add dev ${NIC} parent 1:10 handle 10: bfifo limit 64m`,
];

async function bridgeAndHtb(path: BenchPath): Promise<void> {
  await bridge(path);
  for (const line of HTB_LINES) await runInside(path.host.hub, "tc", line.split(" "));
}

/** Choosing the class by the guest's MAC, as one must when there is more than one guest. */
async function bridgeHtbAndFilter(path: BenchPath): Promise<void> {
  await bridgeAndHtb(path);
  const filter = `filter add dev ${NIC} parent 1: protocol all prio 1 u32 match u32 0x52540000 0xffffffff at -8 match u16 0x0001 0xffff at -4 flowid 1:10`;
  await runInside(path.host.hub, "tc", filter.split(" "));
}

const SPEC = `apiVersion: gona/v1
nics:
  - { name: ${NIC}, capacity: 100Gbit }
guests:
  - name: a
    vif: { device: ${VIF}, mac: "${GUEST.mac}", addresses: [${GUEST.address}] }
    aggregate: { slices: [ { nic: ${NIC}, egress: { reserve: 50Gbit, limit: 100Gbit } } ] }
`;

async function gona({ host }: BenchPath): Promise<void> {
  await host.startDaemon(SPEC);
}

/** The data plane outlives the daemon; without the daemon nobody puts the qdisc back. */
async function gonaWithoutHtb(path: BenchPath): Promise<void> {
  const daemon = await path.host.startDaemon(SPEC);
  await daemon.stop();
  await runInside(path.host.hub, "tc", ["qdisc", "delete", "dev", NIC, "root"]);
}

export const PATH_VARIANTS: readonly PathVariant[] = [
  { name: "direct veth", key: "direct", direct: true, join: async () => undefined },
  { name: "bridge", key: "br", join: bridge },
  { name: "bridge + HTB", key: "brhtb", join: bridgeAndHtb },
  { name: "bridge + HTB + filter by MAC", key: "brflt", join: bridgeHtbAndFilter },
  { name: "GONA", key: "gona", join: gonaWithoutHtb },
  { name: "GONA + HTB", key: "gonahtb", join: gona },
];

export const program = (file: string): string => join(REPOSITORY, "packages/lab/src/bench/path", file);

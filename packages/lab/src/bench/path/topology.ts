import { guestNetns, peerNetns } from "../../bed/lab-paths.ts";
import { ipBatch } from "../../bed/run-command.ts";
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

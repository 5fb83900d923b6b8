import { domainNetns } from "../../bed/lab-paths.ts";
import { ipBatch, runInside } from "../../bed/run-command.ts";
import { type BenchPath, GUEST, NIC, PEER, VIF } from "./topology.ts";

/** A namespace between the hub and the NIC, as a driver domain is, joined by what everybody uses. */
export const DOMAIN = "dd";
/** The hub's end and the domain's of the pair that joins them. */
const HUB_END = "trunk0";
const DOMAIN_END = "trunk1";

export const domainOf = ({ host }: BenchPath): string => domainNetns(host.name, DOMAIN);

/** The NIC goes into a namespace of its own, a veth pair leads there. */
async function joinNamespaces(path: BenchPath): Promise<string> {
  const domain = domainOf(path);
  await runInside(path.host.hub, "ip", ["netns", "add", domain]);
  await ipBatch(path.host.hub, [
    `link add ${HUB_END} type veth peer name ${DOMAIN_END} netns ${domain}`,
    `link set ${HUB_END} up`,
    `link set ${NIC} netns ${domain}`,
  ]);
  await ipBatch(domain, [`link set ${DOMAIN_END} up`, `link set ${NIC} up`]);
  return domain;
}

/** Lines of `ip -batch`: a bridge and its ports. */
export const bridgeOf = (...ports: readonly string[]): string[] => [
  "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
  "link set br0 up",
  ...ports.map((port) => `link set ${port} master br0`),
];

/** A bridge in the hub and a bridge in the domain. */
export async function bridgeHop(path: BenchPath): Promise<void> {
  const domain = await joinNamespaces(path);
  await ipBatch(path.host.hub, bridgeOf(VIF, HUB_END));
  await ipBatch(domain, bridgeOf(DOMAIN_END, NIC));
}

/**
 * Both namespaces forward IPv4. The vif has the peer's MAC and the NIC the guest's, so that the guest and the peer
 * find the routers under the addresses that they have in every other variant.
 */
export async function routingHop(path: BenchPath): Promise<void> {
  const { hub } = path.host;
  const domain = await joinNamespaces(path);
  for (const netns of [hub, domain]) await runInside(netns, "sh", ["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  const [here, there] = ["02:00:00:00:0d:01", "02:00:00:00:0d:02"];
  const route = (to: typeof GUEST, link: string, mac: string): string[] => [
    `route add ${to.address}/32 dev ${link}`,
    `neighbour add ${to.address} lladdr ${mac} dev ${link} nud permanent`,
  ];
  await ipBatch(hub, [
    `link set ${VIF} address ${PEER.mac}`,
    `link set ${HUB_END} address ${here}`,
    ...route(GUEST, VIF, GUEST.mac),
    ...route(PEER, HUB_END, there),
  ]);
  await ipBatch(domain, [
    `link set ${NIC} address ${GUEST.mac}`,
    `link set ${DOMAIN_END} address ${there}`,
    ...route(PEER, NIC, PEER.mac),
    ...route(GUEST, DOMAIN_END, here),
  ]);
}

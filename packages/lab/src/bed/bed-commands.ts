import type { BedPlan, PlannedSwitch, Station, StationLink } from "./bed-plan.ts";

/** iproute2 commands, one list per namespace; run in this order they lay the table. */
export interface BedCommands {
  /** Before any link exists there: sysctl assignments `name=value`. */
  readonly sysctls: ReadonlyMap<string, readonly string[]>;
  readonly batches: readonly (readonly [netns: string, lines: readonly string[]])[];
}

/** A hub and a switch forward frames; they must not speak themselves (router solicitations, MLD). */
const SILENT = ["net/ipv6/conf/all/disable_ipv6=1", "net/ipv6/conf/default/disable_ipv6=1"];
/** Duplicate address detection would hold an address back for a second or two. */
const NO_DAD = [
  "net/ipv6/conf/all/accept_dad=0",
  "net/ipv6/conf/default/accept_dad=0",
  "net/ipv6/conf/default/dad_transmits=0",
  "net/ipv6/conf/default/router_solicitations=0",
];

export function bedCommands(plan: BedPlan): BedCommands {
  const silent = [plan.hub, ...plan.switches.map(({ netns }) => netns)];
  return {
    sysctls: new Map([
      ...silent.map((netns) => [netns, SILENT] as const),
      ...plan.stations.map(({ netns }) => [netns, NO_DAD] as const),
    ]),
    batches: [
      ...plan.switches.map((item) => [item.netns, [...switchLines(item), ...cableLines(item, plan)]] as const),
      [plan.hub, hubLines(plan)],
      ...plan.stations.map((station) => [station.netns, stationLines(station, plan.hub)] as const),
      // Carrier comes with the second end: switch ports last, so that nothing is flooded half-built.
      ...plan.switches.map((item) => [item.netns, portLines(item)] as const),
    ],
  };
}

/** A plain learning switch: no spanning tree, so that a port forwards at once; ageing as the kernel has it. */
const BRIDGE_LINES = [
  "link set lo up",
  "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
  "link set br0 up",
];

/** Open vSwitch is a process, started when its ports are there. */
const switchLines = ({ ovs }: PlannedSwitch): string[] => (ovs === undefined ? BRIDGE_LINES : ["link set lo up"]);

const hubLines = (plan: BedPlan): string[] => [
  "link set lo up",
  ...plan.nics.flatMap(({ nic, port }) => [
    `link add ${nic} index ${port.ifindex} type veth peer name ${port.link} index ${port.ifindex} netns ${port.netns}`,
    `link set ${nic} up`,
  ]),
];

function stationLines(station: Station, hub: string): string[] {
  const made = station.links.filter((link) => link.other.kind !== "gona");
  return ["link set lo up", ...made.flatMap((link) => [...linkLines(link, hub), ...addressLines(link)])];
}

function linkLines({ name, mac, ifindex, other }: StationLink, hub: string): string[] {
  const index = ifindex === undefined ? "" : ` index ${ifindex}`;
  const pair =
    other.kind === "hub" ? [`link add ${name}${index} type veth peer name ${other.device} netns ${hub}`] : [];
  return [...pair, `link set ${name} address ${mac}`, `link set ${name} up`];
}

/** Also for a link that GONA made: a namespace's addresses are the guest's own business. */
export const addressLines = ({ name, addresses }: StationLink): string[] =>
  addresses.map((address) => `address replace ${address} dev ${name}${address.includes(":") ? " nodad" : ""}`);

/** The cable to a peer, made at the switch's end: iproute2 gives an index to the near end alone. */
function cableLines({ ports }: PlannedSwitch, plan: BedPlan): string[] {
  return plan.stations.flatMap(({ netns, links }) =>
    links.flatMap(({ name, other }) =>
      other.kind === "port" && ports.includes(other.port)
        ? [`link add ${other.port.link} index ${other.port.ifindex} type veth peer name ${name} netns ${netns}`]
        : [],
    ),
  );
}

const portLines = ({ ports, ovs }: PlannedSwitch): string[] =>
  ports.flatMap(({ link }) => [...(ovs === undefined ? [`link set ${link} master br0`] : []), ...plugLines(link)]);

/**
 * A switch port goes up and forwards at once. Left alone, the bridge hears of the carrier from the
 * kernel's linkwatch, a second or more later when other links change as well (100 links a second,
 * over all namespaces), and drops until then; asking for one link handles its events on the spot
 * (rtnl_getlink and linkwatch_sync_dev, seen on 6.18).
 */
export const plugLines = (link: string): string[] => [`link set ${link} up`, `link show dev ${link}`];

/** The hub's ends of the guests' links, once they exist. */
export const vifLines = (plan: BedPlan): string[] =>
  plan.stations
    .flatMap(({ links }) => links)
    .flatMap(({ other }) => (other.kind === "hub" ? [`link set ${other.device} up`] : []));

import type { FabricId, GuestId, NicId, VifId } from "@gona/model";
import type { FabricSwitch, Peer, Scenario } from "../scenario/scenario.ts";
import { guestNetns, hubNetns, peerNetns, switchNetns } from "./lab-paths.ts";

/** Everything that stands on the table, by name; pure, so that a test can read it. */
export interface BedPlan {
  readonly lab: string;
  readonly hub: string;
  readonly nics: readonly PlannedNic[];
  readonly switches: readonly PlannedSwitch[];
  readonly stations: readonly Station[];
}

export interface PlannedNic {
  readonly nic: NicId;
  readonly fabric: FabricId;
  readonly port: SwitchPort;
}

export interface PlannedSwitch {
  readonly fabric: FabricId;
  readonly netns: string;
  readonly ports: readonly SwitchPort[];
  /** Absent: a bridge. */
  readonly ovs?: FabricSwitch;
}

export interface SwitchPort {
  readonly fabric: FabricId;
  readonly netns: string;
  readonly link: string;
  /** Unique in the lab: how the far-end counters know it. */
  readonly ifindex: number;
  /** Access VLAN; 0: tagged frames pass as they are. */
  readonly vlan: number;
  /** What is plugged in. */
  readonly leadsTo: { readonly kind: "nic"; readonly nic: NicId } | { readonly kind: "peer"; readonly peer: string };
}

/** A guest or a peer: something in a namespace of its own that sends and receives. */
export interface Station {
  readonly name: string;
  readonly kind: "guest" | "peer";
  readonly netns: string;
  readonly links: readonly StationLink[];
}

export interface StationLink {
  readonly name: string;
  /** Of the spec; undefined for a peer. */
  readonly vif?: VifId;
  readonly mac: string;
  /** Unique in the lab, for links that the lab makes for a guest: how the far-end counters know it. */
  readonly ifindex?: number;
  /** With prefix length. */
  readonly addresses: readonly string[];
  /**
   * Its other end: a link of the hub that the lab makes, a switch port, or a link that GONA makes
   * (`create`), which the lab only waits for.
   */
  readonly other:
    | { readonly kind: "hub"; readonly device: string }
    | { readonly kind: "port"; readonly port: SwitchPort }
    | { readonly kind: "gona" };
}

/**
 * NICs have the same ifindex on both ends. A veth whose iflink equals its ifindex is what a physical
 * NIC is to the kernel's linkwatch: its loss of carrier is *not* urgent and may be told up to a second
 * late (DATAPATH.md E). The lab tests the hard case.
 */
const FIRST_NIC_INDEX = 1001;
const FIRST_PEER_INDEX = 2001;
const FIRST_GUEST_INDEX = 3001;
/** At most so many vifs of one guest have a place in the numbering of links. */
const VIFS_OF_GUEST = 64;

export function planBed(scenario: Scenario): BedPlan {
  const lab = scenario.name;
  const { nics, guests } = scenario.spec.host;
  const port = (fabric: FabricId, ifindex: number, vlan: number, leadsTo: SwitchPort["leadsTo"]): SwitchPort => {
    return { fabric, netns: switchNetns(lab, fabric), link: `port${ifindex}`, ifindex, vlan, leadsTo };
  };
  const plannedNics = nics.map(({ name, fabric }, position) => ({
    nic: name,
    fabric,
    port: port(fabric, FIRST_NIC_INDEX + position, 0, { kind: "nic", nic: name }),
  }));
  const peers = scenario.peers.map((peer, position) => ({
    peer,
    port: port(peer.fabric, FIRST_PEER_INDEX + position, peer.vlan, { kind: "peer", peer: peer.name }),
  }));
  const ports = [...plannedNics, ...peers].map((item) => item.port);
  const fabrics = [...new Set(ports.map(({ fabric }) => fabric))];
  return {
    lab,
    hub: hubNetns(lab),
    nics: plannedNics,
    switches: fabrics.map((fabric): PlannedSwitch => {
      const ovs = scenario.switches.get(fabric);
      const own = ports.filter((port) => port.fabric === fabric);
      return { fabric, netns: switchNetns(lab, fabric), ports: own, ...(ovs !== undefined && { ovs }) };
    }),
    stations: [
      ...guests.map((guest, position) => guestStation(scenario, guest, FIRST_GUEST_INDEX + position * VIFS_OF_GUEST)),
      ...peers.map(({ peer, port }, position) => peerStation(lab, peer, port, position)),
    ],
  };
}

function guestStation(
  scenario: Scenario,
  guest: Scenario["spec"]["host"]["guests"][number],
  firstIndex: number,
): Station {
  const links = guest.vifs.map((vif, position): StationLink => {
    const { attachment } = vif;
    return {
      name: attachment.kind === "create" ? attachment.name : `eth${position}`,
      vif: vif.id,
      mac: vif.mac,
      ...(attachment.kind === "device" && { ifindex: firstIndex + position }),
      addresses: guestAddresses(scenario, guest.name, vif.addresses, guest.vifs.length),
      // A virtual function has no link in a lab, whose NICs are veths: the scenario is refused before this.
      other:
        attachment.kind === "create"
          ? { kind: "gona" }
          : { kind: "hub", device: attachment.kind === "device" ? attachment.device : "" },
    };
  });
  return { name: guest.name, kind: "guest", netns: guestNetns(scenario.name, guest.name), links };
}

/** The scenario's own list, where the guest has one vif; else the spec's with /24 and /64. */
function guestAddresses(scenario: Scenario, guest: GuestId, own: readonly string[], vifs: number): readonly string[] {
  const given = scenario.addresses.get(guest);
  if (given !== undefined && vifs === 1) return given;
  return own.map((address) => `${address}/${address.includes(":") ? 64 : 24}`);
}

function peerStation(lab: string, peer: Peer, port: SwitchPort, position: number): Station {
  const mac = `06:00:00:00:00:${(position + 1).toString(16).padStart(2, "0")}`;
  const link: StationLink = { name: "eth0", mac, addresses: peer.addresses, other: { kind: "port", port } };
  return { name: peer.name, kind: "peer", netns: peerNetns(lab, peer.name), links: [link] };
}

/** Every namespace of the lab. */
export const namespacesOfPlan = (plan: BedPlan): readonly string[] => [
  plan.hub,
  ...plan.switches.map(({ netns }) => netns),
  ...plan.stations.map(({ netns }) => netns),
];

/** The NIC's switch port; throws RangeError for a NIC that the spec does not have. */
export function portOf(plan: BedPlan, nic: NicId): SwitchPort {
  const found = plan.nics.find((planned) => planned.nic === nic);
  if (found === undefined) throw new RangeError(`the lab has no NIC ${nic}`);
  return found.port;
}

/** A fabric's switch; throws RangeError for a fabric that the lab does not have. */
export function switchOf(plan: BedPlan, fabric: FabricId): PlannedSwitch {
  const found = plan.switches.find((item) => item.fabric === fabric);
  if (found === undefined) throw new RangeError(`the lab has no fabric ${fabric}`);
  return found;
}

/** A guest or peer by name; throws RangeError for one that the lab does not have. */
export function stationOf(plan: BedPlan, name: string): Station {
  const found = plan.stations.find((station) => station.name === name);
  if (found === undefined) throw new RangeError(`the lab has no guest or peer ${name}`);
  return found;
}

import type { DomainId, DomainSpec, HostSpec, NicId, NicSpec } from "@gona/model";
import type { HubState, Inventory, NicPlacement } from "@gona/planner";
import type { LinkTable } from "../link-table.ts";
import type { ReadyDomain } from "./ready-domain.ts";

export interface NicPlacesInput {
  readonly spec: HostSpec;
  /** As it is now. */
  readonly observed: HubState;
  readonly links: Pick<LinkTable, "has" | "domainOf">;
  readonly ready: ReadonlyMap<DomainId, ReadyDomain>;
  /** NICs that left, or are about to leave, their place and do not carry again yet. */
  readonly arriving: ReadonlySet<NicId>;
  /** Of a NIC's link, as far as it is known. */
  readonly hardwareOf: (nic: NicId) => NicHardware | undefined;
}

/** What a NIC without a domain of its own is told by. */
export interface NicHardware {
  readonly driver: string;
  /** PCI address, or that of another bus; empty where there is none. */
  readonly bus: string;
}

export type NicPlaces = Required<Pick<Inventory, "placements" | "absentNics">>;

/** The domain that a NIC belongs in: the one that it names, else that lists its PCI address, else its driver; undefined: the hub. */
export function wantedDomain(
  spec: Pick<HostSpec, "domains">,
  nic: NicSpec,
  hardwareOf: NicPlacesInput["hardwareOf"],
): DomainSpec | undefined {
  const found = nic.byHardware
    ? domainOf(spec, hardwareOf(nic.name))
    : spec.domains.find(({ name }) => name === nic.domain);
  return found?.isolation === "host" ? undefined : found;
}

function domainOf({ domains }: Pick<HostSpec, "domains">, hardware: NicHardware | undefined): DomainSpec | undefined {
  if (hardware === undefined) return undefined;
  const { bus, driver } = hardware;
  return domains.find(({ pci }) => pci?.includes(bus)) ?? domains.find(({ drivers }) => drivers.includes(driver));
}

/**
 * Where the NICs of a spec stand, and which are to be left out for now because they are on their way. One whose new
 * domain is not ready yet stays in use where it is, and so does one while another of its fabric is on its way: guests
 * are never without both.
 */
export function nicPlaces(input: NicPlacesInput): NicPlaces {
  const placements = new Map<NicId, NicPlacement>();
  const absentNics = new Map<NicId, string>();
  const { spec, links, arriving } = input;
  const away = spec.nics.filter(({ name }) => arriving.has(name));
  const isOtherAway = ({ name, fabric }: NicSpec): boolean =>
    away.some((other) => other.fabric === fabric && other.name !== name);
  for (const nic of spec.nics) {
    if (!links.has(nic.name)) continue;
    const place = placeOf(nic, input);
    const there = typeof place === "string" ? inUseAt(nic.name, links.domainOf(nic.name), input) : undefined;
    const now = there !== undefined && isOtherAway(nic) ? there : place;
    if (typeof now === "string") {
      absentNics.set(nic.name, now);
      if (there !== undefined) away.push(nic);
    } else if (now !== IN_HUB) placements.set(nic.name, now);
  }
  return { placements, absentNics };
}

const IN_HUB = Symbol("in the hub");
/** Words: it is in use nowhere, for this reason. */
type Place = NicPlacement | typeof IN_HUB | string;

function placeOf(nic: NicSpec, input: NicPlacesInput): Place {
  const wanted = wantedDomain(input.spec, nic, input.hardwareOf);
  const at = input.links.domainOf(nic.name);
  if (wanted === undefined) {
    const from = at ?? input.observed.trunks.get(nic.name)?.domain;
    return from === undefined ? IN_HUB : `it is on its way out of the domain ${from}`;
  }
  const ready = input.ready.get(wanted.name);
  const { name: domain } = wanted;
  if (wanted.isolation === "vm") {
    if (at !== undefined) return `it is on its way to the domain ${domain}`;
    if (ready?.nics?.has(nic.name) === true) return { isolation: "vm", domain };
    return `the domain ${domain} has no device for it yet`;
  }
  const netns = ready?.netns;
  if (at === domain && netns !== undefined) return { isolation: "netns", domain, netns };
  if (netns !== undefined) return `it is on its way to the domain ${domain}`;
  return inUseAt(nic.name, at, input) ?? `the domain ${domain} is not there yet`;
}

/** Where a NIC is in use now; undefined: nowhere. */
function inUseAt(nic: NicId, at: string | undefined, { observed, ready }: NicPlacesInput): Place | undefined {
  const entry = observed.nics.get(nic);
  if (entry === undefined || entry.stale) return undefined;
  const trunk = observed.trunks.get(nic);
  if (trunk === undefined) return at === undefined ? IN_HUB : undefined;
  const netns = ready.get(trunk.domain)?.netns;
  if (trunk.kind !== "veth" || at !== trunk.domain || netns === undefined) return undefined;
  return { isolation: "netns", domain: trunk.domain, netns };
}

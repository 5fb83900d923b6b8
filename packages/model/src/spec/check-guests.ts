import { readAddress } from "../scalar/ip-address.ts";
import { readMac } from "../scalar/mac-address.ts";
import { checkAggregate } from "./check-aggregate.ts";
import { checkBypass } from "./check-bypass.ts";
import type { KnownNic } from "./check-host.ts";
import { field, isMap, isPresent, items, type Raw, textOf } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { MAX_VIFS } from "./spec-schema.ts";
import { Unique } from "./unique.ts";

function checkAttachment(
  vif: Raw,
  aggregate: Raw,
  nics: ReadonlyMap<string, KnownNic>,
  wide: Taken,
  problems: SpecProblem[],
): void {
  const device = field(vif, "device");
  const create = field(vif, "create");
  const bypass = checkBypass(vif, aggregate, wide.vfs, problems);
  if (!bypass && isPresent(device) === isPresent(create)) {
    problems.push({
      code: "SPEC_INVALID",
      path: isPresent(create) ? create.path : vif.path,
      message: isPresent(create) ? "create stands beside device" : "the vif has neither device nor create",
      allowed: "either device (a link of the hub) or create (a veth pair that GONA makes)",
      point: isPresent(create) ? "key" : "value",
    });
  }
  const name = textOf(device);
  if (name !== undefined) {
    wide.devices.claim(name, device);
    if (nics.has(name)) {
      problems.push({
        code: "SPEC_DUPLICATE",
        path: device.path,
        message: `${JSON.stringify(name)} is already a NIC of this spec`,
      });
    }
  }
  const netns = textOf(field(create, "netns"));
  const inner = textOf(field(create, "name"));
  if (netns !== undefined && inner !== undefined) {
    wide.created.claim(`${netns} ${inner}`, field(create, "name"), `${inner} in ${netns}`);
  }
}

function checkVlans(vif: Raw, problems: SpecProblem[]): void {
  const own = field(vif, "vlan").value;
  const seen = new Unique("a VLAN of the trunk", problems);
  for (const vlan of items(field(vif, "trunk"))) {
    if (typeof vlan.value !== "number") continue;
    seen.claim(String(vlan.value), vlan);
    if (vlan.value === own) {
      problems.push({
        code: "SPEC_DUPLICATE",
        path: vlan.path,
        message: `${vlan.value} is already the access VLAN of this vif`,
      });
    }
  }
}

/** Where `want` leaves the NICs open: the fabric, if there is just one. */
function theOnlyFabric(nics: ReadonlyMap<string, KnownNic>): string {
  const fabrics = new Set([...nics.values()].map((nic) => nic.fabric));
  return fabrics.size === 1 ? ([...fabrics][0] ?? "") : "";
}

function checkVif(
  vif: Raw,
  aggregate: Raw,
  nics: ReadonlyMap<string, KnownNic>,
  wide: Taken,
  problems: SpecProblem[],
): void {
  const fabric = checkAggregate(aggregate, nics, problems) ?? theOnlyFabric(nics);
  if (!isMap(vif.value)) return;
  checkAttachment(vif, aggregate, nics, wide, problems);
  checkVlans(vif, problems);
  const mac = readMac(field(vif, "mac").value);
  if (mac.ok) wide.macs.claim(`${fabric} ${mac.value}`, field(vif, "mac"), mac.value);
  const ownVlan = field(vif, "vlan").value;
  const vlan = typeof ownVlan === "number" ? ownVlan : 0;
  const addresses = items(field(vif, "addresses"));
  for (const raw of addresses) {
    const address = readAddress(raw.value);
    if (address.ok) wide.addresses.claim(`${fabric}/${vlan} ${address.value}`, raw, address.value);
  }
  const checkIp = field(field(vif, "antiSpoof"), "ip");
  if (checkIp.value === true && addresses.length === 0) {
    problems.push({
      code: "SPEC_INVALID",
      path: checkIp.path,
      message: "antiSpoof.ip without addresses would drop everything",
      allowed: "true only beside addresses",
    });
  }
}

function checkForm(guest: Raw, problems: SpecProblem[]): void {
  const one = (["vif", "aggregate"] as const).filter((key) => isPresent(field(guest, key)));
  const list = field(guest, "vifs");
  const allowed = "either vif and aggregate, or vifs (a list of them)";
  if (isPresent(list) && one.length > 0) {
    problems.push({
      code: "SPEC_INVALID",
      path: list.path,
      message: `vifs stands beside ${one.join(" and ")}`,
      allowed,
      point: "key",
    });
  } else if (!isPresent(list) && one.length < 2) {
    const missing = one.length === 0 ? "vif and aggregate" : one[0] === "vif" ? "aggregate" : "vif";
    problems.push({ code: "SPEC_INVALID", path: guest.path, message: `the guest has no ${missing}`, allowed });
  }
}

/** What no two guests or vifs of a host may share; filled by checkGuest. */
export class Taken {
  readonly names: Unique;
  readonly devices: Unique;
  readonly created: Unique;
  readonly macs: Unique;
  readonly addresses: Unique;
  readonly vfs: Unique;

  constructor(problems: SpecProblem[]) {
    this.names = new Unique("the name of the guest", problems);
    this.devices = new Unique("the device of the vif", problems);
    this.created = new Unique("a link that GONA makes", problems);
    this.macs = new Unique("a MAC on this fabric", problems);
    this.addresses = new Unique("an address in this VLAN", problems);
    this.vfs = new Unique("a virtual function of this NIC", problems);
  }

  /** Every key with its kind. */
  *keys(): Iterable<string> {
    const { names, devices, created, macs, addresses, vfs } = this;
    const kinds = Object.entries({ names, devices, created, macs, addresses, vfs });
    for (const [kind, { keys }] of kinds) for (const key of keys) yield `${kind} ${key}`;
  }
}

/** Checks one guest; returns how many vifs it has. */
export function checkGuest(
  guest: Raw,
  nics: ReadonlyMap<string, KnownNic>,
  taken: Taken,
  problems: SpecProblem[],
): number {
  if (!isMap(guest.value)) return 0;
  const name = textOf(field(guest, "name"));
  if (name !== undefined) taken.names.claim(name, field(guest, "name"));
  checkForm(guest, problems);
  const list = field(guest, "vifs");
  if (!isPresent(list)) {
    checkVif(field(guest, "vif"), field(guest, "aggregate"), nics, taken, problems);
    return 1;
  }
  const vifNames = new Unique("the name of the vif", problems);
  const vifs = items(list);
  for (const vif of vifs) {
    const vifName = textOf(field(vif, "name"));
    if (vifName !== undefined) vifNames.claim(vifName, field(vif, "name"));
    checkVif(vif, field(vif, "aggregate"), nics, taken, problems);
  }
  return vifs.length;
}

/** Checks guests against each other and against the NICs. */
export function checkGuests(root: Raw, nics: ReadonlyMap<string, KnownNic>, problems: SpecProblem[]): void {
  const taken = new Taken(problems);
  let vifs = 0;
  const guests = items(field(root, "guests"));
  for (const guest of guests) {
    vifs += checkGuest(guest, nics, taken, problems);
    if (vifs > MAX_VIFS) {
      // Of a list that is itself too long the schema says so.
      if (guests.length > MAX_VIFS) return;
      problems.push({
        code: "SPEC_DOES_NOT_FIT",
        path: guest.path,
        message: `more than ${MAX_VIFS} vifs`,
        allowed: `at most ${MAX_VIFS} on one host`,
      });
      return;
    }
  }
}

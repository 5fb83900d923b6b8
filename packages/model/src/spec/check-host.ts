import { readRate } from "../scalar/rate.ts";
import type { BitsPerSecond } from "../units.ts";
import { checkRates } from "./check-rates.ts";
import { field, isPresent, items, type Raw, textOf } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { Unique } from "./unique.ts";
import { unknownName } from "./unknown-name.ts";

/** What guests refer to: NICs by name, as far as they could be read. */
export interface KnownNic {
  readonly fabric: string;
  /** Absent where it is itself wrong. */
  readonly capacity?: BitsPerSecond;
}

function checkDomains(root: Raw, problems: SpecProblem[]): readonly string[] {
  const names = new Unique("the name of the domain", problems);
  const drivers = new Unique("a driver of the domain", problems);
  const addresses = new Unique("a PCI address of the domain", problems);
  for (const domain of items(field(root, "domains"))) {
    const name = field(domain, "name");
    const text = textOf(name);
    if (text !== undefined) names.claim(text, name);
    const isolation = field(domain, "isolation");
    if (text === "host" && isolation.value !== "host" && textOf(isolation) !== undefined) {
      problems.push({
        code: "SPEC_INVALID",
        path: isolation.path,
        message: "",
        allowed: "host, for the domain host is the hub itself",
      });
    }
    for (const driver of items(field(domain, "drivers"))) {
      const driverName = textOf(driver);
      if (driverName !== undefined) drivers.claim(driverName, driver);
    }
    for (const address of items(field(domain, "pci"))) {
      const at = textOf(address);
      if (at !== undefined) addresses.claim(at, address);
    }
    checkCpus(field(domain, "cpus"), textOf(isolation), problems);
    checkMachine(domain, textOf(isolation), problems);
  }
  return names.has("host") ? names.keys : ["host", ...names.keys];
}

/** What only a virtual machine has; and a card that is handed over cannot be in two machines. */
function checkMachine(domain: Raw, isolation: string | undefined, problems: SpecProblem[]): void {
  for (const word of ["device", "memory", "spare"]) {
    const value = field(domain, word);
    if (isolation === undefined || isolation === "vm" || !isPresent(value)) continue;
    const allowed = `no ${word}, or isolation: vm`;
    problems.push({ code: "SPEC_INVALID", path: value.path, message: "", allowed });
  }
  const spare = field(domain, "spare");
  if (spare.value !== true || textOf(field(domain, "device")) !== "vfio") return;
  problems.push({
    code: "SPEC_INVALID",
    path: spare.path,
    message: "a card that is passed through is in one machine at a time",
    allowed: "false, or an emulated device",
  });
}

/** The hub has no process of its own that could be bound to CPUs. */
function checkCpus(cpus: Raw, isolation: string | undefined, problems: SpecProblem[]): void {
  if (isPresent(cpus) && isolation === "host") {
    problems.push({
      code: "SPEC_INVALID",
      path: cpus.path,
      message: "",
      allowed: "no cpus: the hub has no process of its own",
    });
  }
  const named = new Unique("a CPU of the domain", problems);
  for (const cpu of items(cpus)) if (typeof cpu.value === "number") named.claim(String(cpu.value), cpu);
}

/** A bundle's switch sends no member's frame to another, so there it would find every path dead. */
function checkProbes(fabrics: Raw, problems: SpecProblem[]): void {
  for (const fabric of items(fabrics)) {
    const probe = field(fabric, "probe");
    if (!isPresent(probe) || textOf(probe) === "off" || field(fabric, "lag").value !== true) continue;
    problems.push({
      code: "SPEC_INVALID",
      path: probe.path,
      message: "the NICs of a lag do not reach each other",
      allowed: "off, or no probe",
    });
  }
}

/** Checks domains, fabrics and NICs against each other; returns the NICs for the guests' checks. */
export function checkHost(root: Raw, problems: SpecProblem[]): ReadonlyMap<string, KnownNic> {
  const domains = checkDomains(root, problems);
  const fabricList = field(root, "fabrics");
  const fabrics = new Unique("the name of the fabric", problems);
  for (const fabric of items(fabricList)) {
    const name = textOf(field(fabric, "name"));
    if (name !== undefined) fabrics.claim(name, field(fabric, "name"));
    const lacp = field(fabric, "lacp");
    if (["fast", "slow"].includes(textOf(lacp) ?? "") && field(fabric, "lag").value !== true) {
      problems.push({ code: "SPEC_INVALID", path: lacp.path, message: "", allowed: "off, or lag: true beside it" });
    }
  }
  checkProbes(fabricList, problems);
  const names = new Unique("the name of the NIC", problems);
  const nics = new Map<string, KnownNic>();
  for (const nic of items(field(root, "nics"))) {
    const name = textOf(field(nic, "name"));
    if (name !== undefined) names.claim(name, field(nic, "name"));
    const domain = textOf(field(nic, "domain"));
    if (domain !== undefined && !domains.includes(domain)) {
      problems.push(unknownName(field(nic, "domain"), "domain", domain, domains));
    }
    const fabric = textOf(field(nic, "fabric"));
    // Without a list of fabrics, the words of the NICs define them.
    if (fabric !== undefined && fabric !== "default" && Array.isArray(fabricList.value) && !fabrics.has(fabric)) {
      problems.push(unknownName(field(nic, "fabric"), "fabric", fabric, fabrics.keys));
    }
    if (name === undefined || nics.has(name)) continue;
    const capacity = readRate(field(nic, "capacity").value);
    checkRates(field(nic, "host"), capacity.ok ? capacity.value : undefined, "the capacity of the NIC", problems);
    nics.set(name, { fabric: fabric ?? "default", ...(capacity.ok ? { capacity: capacity.value } : {}) });
  }
  return nics;
}

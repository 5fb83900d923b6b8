import {
  type BitsPerSecond,
  formatRate,
  type HostSpec,
  megabitsPerSecond,
  type NicSpec,
  type VifSpec,
} from "@gona/model";
import { type BypassSlice, bypassOf, isVf } from "./bypass.ts";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";

/** IFLA_VF_RATE counts so. */
const RATE_STEP = megabitsPerSecond(1);
const DEFAULT_SHARES = 100;

/** What a vif asks for that a device of its own on the NIC cannot give it, or that would break a promise to others. */
export function bypassFindings(spec: HostSpec): readonly Finding[] {
  const findings: Finding[] = [];
  const nics = new Map(spec.nics.map((nic) => [nic.name, nic]));
  eachVif(spec, (vif, place) => {
    const slice = bypassOf(vif);
    const nic = slice && nics.get(slice.nic);
    if (slice === undefined || nic === undefined) return;
    const at = `${place()}.aggregate.slices[${vif.aggregate.slices.indexOf(slice)}]`;
    const wrong = [
      ...ofVif(vif, slice, placeOfVif(place())),
      ...ofNic(spec, nic, slice, at),
      ...(isVf(slice) ? ofVf(slice, nic, at) : []),
      ...ofAggregate(vif, slice, `${place()}.aggregate`, at),
    ];
    for (const finding of wrong) findings.push({ code: "SPEC_DOES_NOT_FIT", ...finding });
  });
  return findings;
}

type Wrong = Omit<Finding, "code">;
const HINT = "path: hub gives all that GONA can do";

const nameOf = (slice: BypassSlice): string => (isVf(slice) ? "a virtual function" : "a macvtap");

/** Where a vif's own words stand: under `vif` in the short form. */
const placeOfVif = (path: string): string => (path.includes(".vifs[") ? path : `${path}.vif`);

function ofAggregate({ aggregate }: VifSpec, slice: BypassSlice, path: string, at: string): readonly Wrong[] {
  const what = nameOf(slice);
  const findings: Wrong[] = [];
  const { slices, classes, latency, limit, onNicLoss } = aggregate;
  if (slices.length > 1) {
    const message = `a guest with ${what} has that slice alone: nothing balances or fails over across it`;
    findings.push({ path: `${path}.slices`, message, found: `${slices.length} slices`, allowed: "1", hint: HINT });
  }
  if (classes.length > 0) {
    const message = `frames by ${what} are not told apart by traffic class`;
    findings.push({
      path: `${path}.classes`,
      message,
      found: `${classes.length} classes`,
      allowed: "none",
      hint: HINT,
    });
  }
  if (latency !== undefined) {
    const message = `GONA keeps no latency goal for ${what}`;
    findings.push({ path: `${path}.latency`, message, found: `${latency} ms`, allowed: "no latency", hint: HINT });
  }
  for (const key of ["egress", "ingress", "local"] as const) {
    if (limit?.[key] === undefined) continue;
    const message = `frames by ${what} pass no cap over all slices`;
    const allowed = key === "egress" ? "the limit of the slice" : "no such limit";
    findings.push({ path: `${path}.limit.${key}`, message, found: formatRate(limit[key]), allowed, hint: HINT });
  }
  if (onNicLoss !== "degrade") {
    const message = `a guest with ${what} has no other NIC, and GONA does not see its frames`;
    findings.push({ path: `${path}.onNicLoss`, message, found: onNicLoss, allowed: "degrade", hint: HINT });
  }
  if (slice.ingress !== undefined) {
    const message = `what arrives by ${what} passes no queue of GONA's`;
    findings.push({ path: `${at}.ingress`, message, allowed: "egress alone", hint: HINT });
  }
  return findings;
}

/** What the vif says of its frames. */
function ofVif({ vlan, trunk, antiSpoof }: VifSpec, slice: BypassSlice, path: string): readonly Wrong[] {
  const findings: Wrong[] = [];
  if (trunk.length > 0) {
    const message = `${nameOf(slice)} cannot be held to a list of VLANs`;
    findings.push({ path: `${path}.trunk`, message, found: trunk.join(", "), allowed: "no trunk", hint: HINT });
  }
  if (vlan !== 0 && !isVf(slice)) {
    const message = "a macvtap tags no frames";
    findings.push({ path: `${path}.vlan`, message, found: `${vlan}`, allowed: "no vlan", hint: HINT });
  }
  if (antiSpoof.ip && isVf(slice)) {
    const message = "a NIC checks MACs of its virtual functions, and no addresses";
    findings.push({ path: `${path}.antiSpoof.ip`, message, found: "true", allowed: "false", hint: HINT });
  }
  return findings;
}

function ofNic(spec: HostSpec, nic: NicSpec, slice: BypassSlice, at: string): readonly Wrong[] {
  const findings: Wrong[] = [];
  const what = nameOf(slice);
  if (spec.fabrics.some(({ name, lag }) => name === nic.fabric && lag)) {
    const message = `the switch sends frames for ${what} on ${nic.name} to any NIC of its bundle`;
    findings.push({ path: `${at}.nic`, message, found: nic.name, allowed: "a NIC whose fabric is no lag", hint: HINT });
  }
  const apart = spec.domains.find(({ name, isolation }) => name === nic.domain && isolation !== "host");
  if (apart !== undefined) {
    const message = `${nic.name} is in the driver domain ${apart.name}; ${what} needs it in the hub`;
    findings.push({ path: `${at}.nic`, message, found: nic.name, allowed: "a NIC without a domain", hint: HINT });
  }
  if (nic.shaper === "edt" && !isVf(slice)) {
    const message = `${nic.name} shapes by departure times, which frames by ${what} are not given`;
    findings.push({
      path: `${at}.path`,
      message,
      found: slice.path.kind,
      allowed: "a NIC with shaper: htb",
      hint: HINT,
    });
  }
  if (spec.guests.some(({ vifs }) => vifs.some((vif) => reservesIngress(vif, nic)))) {
    const message = `what arrives on ${nic.name} for ${what} cannot be held back for those who have reserved there`;
    findings.push({
      path: `${at}.path`,
      message,
      found: slice.path.kind,
      allowed: `no ingress reserve on ${nic.name}`,
    });
  }
  return findings;
}

const reservesIngress = ({ aggregate }: VifSpec, nic: NicSpec): boolean =>
  aggregate.slices.some((slice) => slice.nic === nic.name && (slice.ingress?.reserve ?? 0) > 0);

function ofVf({ egress }: BypassSlice, nic: NicSpec, at: string): readonly Wrong[] {
  const findings: Wrong[] = [];
  const whole = (path: string, what: string, rate: BitsPerSecond): void => {
    if (rate % RATE_STEP === 0) return;
    const message = `a NIC ${what} virtual functions in whole Mbit/s`;
    findings.push({ path, message, found: formatRate(rate), allowed: "a multiple of 1 Mbit" });
  };
  whole(`${at}.egress.limit`, "limits", egress.limit);
  whole(`${at}.egress.reserve`, "reserves for", egress.reserve);
  if (egress.shares !== DEFAULT_SHARES) {
    const message = "a NIC shares what is spare among virtual functions by its own measure";
    findings.push({
      path: `${at}.egress.shares`,
      message,
      found: `${egress.shares}`,
      allowed: "no shares",
      hint: HINT,
    });
  }
  if (nic.overhead !== 0) {
    const message = `the limits of virtual functions count no overhead, which ${nic.name} is to count`;
    findings.push({ path: `${at}.path`, message, found: "sriov", allowed: `overhead: 0 on ${nic.name}` });
  }
  return findings;
}

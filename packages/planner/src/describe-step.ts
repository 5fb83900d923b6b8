import { formatRate, type VifId } from "@gona/model";
import { rulesMembers, sliceMembers, sliceWords, treeMembers, treeWords } from "./describe-queues.ts";
import type { Facet, FacetKey, FacetValue, HubState, VifEntry } from "./hub-state.ts";
import type { Step } from "./step.ts";
import type { Members } from "./step-words.ts";

/** Who has a vif slot. A state's facets name vifs by slot, people by id. */
export type VifNames = (vifSlot: number) => VifId | undefined;

/** The vif names of some states, the first that knows a slot first: desired and observed of one plan. */
export function vifNames(...states: readonly Pick<HubState, "vifs">[]): VifNames {
  const names = new Map<number, VifId>();
  for (const { vifs } of states) for (const [id, { slot }] of vifs) if (!names.has(slot)) names.set(slot, id);
  return (vifSlot) => names.get(vifSlot);
}

/**
 * A step in one line for people: `slice web1 on eth1: rate 300 Mbit -> 500 Mbit`. A new entry tells
 * all that it holds, a change what differs, a removal `gone`.
 */
export function describeStep(step: Step, names: VifNames = () => undefined): string {
  const { key } = step;
  const words = WORDS[step.facet] as Words<string, unknown>;
  const present = step.kind === "set" ? step.value : step.before;
  const subject = words.subject(key, present, (slot) => names(slot) ?? `vif slot ${slot}`);
  if (step.kind === "clear") return `${subject}: gone`;
  const now = words.members(step.value);
  if (step.before === undefined) {
    const told = Object.entries(now).map(([name, text]) => phrase(name, text));
    return told.length === 0 ? `${subject}: new` : `${subject}: new, ${told.join(", ")}`;
  }
  const before = words.members(step.before);
  const gone = Object.keys(before).filter((name) => now[name] === undefined);
  const told = [...Object.keys(now), ...gone].flatMap((name) => {
    const [was, is] = [before[name] ?? "none", now[name] ?? "none"];
    return was === is ? [] : [phrase(name, `${was} -> ${is}`)];
  });
  return `${subject}: ${told.length === 0 ? "set again" : told.join(", ")}`;
}

/** A member that explains itself has a name in brackets, which is for comparing alone. */
const phrase = (name: string, text: string): string => (name.startsWith("(") ? text : `${name} ${text}`);

interface Words<K, V> {
  /** What the step is about. */
  readonly subject: (key: K, value: V, vif: (slot: number) => string) => string;
  readonly members: (value: V) => Members;
}

const BUNDLING = { member: "of its bundle", joining: "joining its bundle", apart: "apart from its bundle" } as const;

const WORDS: { readonly [F in Facet]: Words<FacetKey<F>, FacetValue<F>> } = {
  vifLinks: {
    subject: (vif, link) => `link ${link.device} of ${vif}`,
    members: ({ netns, name, mac }) => ({ "far end": `${name} in ${netns}`, MAC: mac }),
  },
  nics: {
    subject: (nic) => `NIC ${nic}`,
    members: ({ slot, fabric, lag, up, shapeIn, timed, bundle, trunk }) => ({
      "(gate)": up ? "up" : "down",
      slot: String(slot),
      fabric: `${fabric}${lag ? " (lag)" : ""}`,
      ...(lag ? { "(bundle)": BUNDLING[bundle ?? "member"] } : {}),
      ...(trunk && { trunk: trunk.device }),
      ...(timed && { "(times)": "limits by departure times" }),
      "(incoming)": shapeIn ? "incoming traffic shaped" : "incoming traffic not shaped",
    }),
  },
  bypasses: {
    subject: (vif, path) =>
      path.kind === "macvtap"
        ? `macvtap ${path.device} of ${vif}`
        : `virtual function ${path.vf} of ${path.nic} for ${vif}`,
    members: bypassMembers,
  },
  trees: { subject: (link) => `queue of ${treeWords(link)}`, members: treeMembers },
  slices: {
    subject: (_, { link, vifSlot }, vif) => sliceWords(link, vif(vifSlot)),
    members: sliceMembers,
  },
  spines: {
    subject: (spine) => `spine ${spine}`,
    members: ({ device, peer }) => ({ "(ends)": `${device} to ${peer}` }),
  },
  trunks: {
    subject: (nic) => `trunk of ${nic}`,
    members: (trunk) => ({
      domain: trunk.domain,
      "(ends)": trunk.kind === "tap" ? trunk.device : `${trunk.device} to ${trunk.peer} in ${trunk.netns}`,
    }),
  },
  spineFilters: { subject: (device) => `filter on ${device}`, members: ({ spine }) => ({ spine }) },
  trafficRules: { subject: (vif) => `traffic classes of ${vif}`, members: rulesMembers },
  vifs: {
    subject: (vif) => `vif ${vif}`,
    members: (vif) => ({
      device: `${vif.device}${vif.macvtap ? ` (a macvtap on ${vif.macvtap.nic})` : ""}`,
      slot: String(vif.slot),
      MAC: `${vif.mac}${vif.rewriteMac ? " (one per NIC)" : ""}`,
      VLAN: `${vif.vlan === 0 ? "none" : vif.vlan}${vif.trunk ? " and a trunk" : ""}`,
      fabric: String(vif.fabric),
      "(checks)": checks(vif),
      "(stopped)": vif.stopped ? "stopped" : "running",
      "(queues)": queues(vif),
      ...drains(vif),
      buckets: buckets(vif),
    }),
  },
  stations: {
    subject: (_, { mac, vlan, vifSlot }, vif) => `station ${mac}${inVlan(vlan)} of ${vif(vifSlot)}`,
    members: ({ vifSlot, slice }) => ({ "vif slot": String(vifSlot), slice: String(slice) }),
  },
  addresses: {
    subject: (_, { address, vlan, vifSlot }, vif) => `address ${address}${inVlan(vlan)} of ${vif(vifSlot)}`,
    members: ({ vifSlot }) => ({ "vif slot": String(vifSlot) }),
  },
  segments: {
    subject: (_, { fabric, vlan }) => `broadcasts of fabric ${fabric}${inVlan(vlan)}`,
    members: ({ vifSlots }) => ({ "(count)": `${vifSlots.length} vifs`, slots: vifSlots.slice(0, 8).join(" ") }),
  },
  domainFilters: {
    subject: (nic) => `filters around ${nic}`,
    members: ({ nicSlot, device, peer }) => ({ "NIC slot": String(nicSlot), "(ends)": `${device} to ${peer}` }),
  },
  nicFilters: { subject: (nic) => `filter on ${nic}`, members: ({ nicSlot }) => ({ "NIC slot": String(nicSlot) }) },
  vifFilters: {
    subject: (device, { vifSlot }, vif) => `filter on ${device} of ${vif(vifSlot)}`,
    members: ({ vifSlot, macvtap }) => ({
      "vif slot": String(vifSlot),
      ...(macvtap && { "(side)": "for what its macvtap sends" }),
    }),
  },
};

function queues({ parts, latency, capped, localCapped, queued }: VifEntry): string {
  const words = [
    parts ? "traffic classes" : "",
    latency === undefined ? "" : `latency goal ${latency / 1e6} ms`,
    capped ? "capped outgoing" : "",
    queued ? "capped incoming" : "",
    localCapped ? "capped to local guests" : "",
  ].filter((word) => word !== "");
  return words.length === 0 ? "plain queues" : words.join(", ");
}

/** What the virtual queues of a latency goal are drained at. */
function drains({ slices }: VifEntry): Members {
  const told = slices.flatMap((slice) => {
    if (slice === null || (slice.egress === 0 && slice.ingress === 0)) return [];
    return [`${slice.nic} ${formatRate(slice.egress)} out ${formatRate(slice.ingress)} in`];
  });
  return told.length === 0 ? {} : { "virtual queues": `(${told.join(", ")})` };
}

function bypassMembers(path: FacetValue<"bypasses">): Members {
  if (path.kind === "macvtap") return { on: path.nic, MAC: path.mac, mode: path.mode };
  const { nic, vf, mac, vlan, checkMac, reserve, limit } = path;
  return {
    "(which)": `VF ${vf} of ${nic}`,
    MAC: `${mac}${checkMac ? "" : " (or any)"}`,
    VLAN: vlan === 0 ? "none" : String(vlan),
    limit: formatRate(limit),
    ...(reserve > 0 && { reserved: formatRate(reserve) }),
  };
}

const inVlan = (vlan: number): string => (vlan === 0 ? "" : ` in VLAN ${vlan}`);

function checks({ checkMac, checkIp }: FacetValue<"vifs">): string {
  const on = [...(checkMac ? ["MAC"] : []), ...(checkIp ? ["IP"] : [])];
  return on.length === 0 ? "no source checks" : `source ${on.join(" and ")} checked`;
}

function buckets({ slices, buckets: table }: FacetValue<"vifs">): string {
  const counts = slices.map(() => 0);
  for (const slice of table) counts[slice] = (counts[slice] ?? 0) + 1;
  const told = slices.flatMap((slice, number) => (slice === null ? [] : [`${slice.nic} ${counts[number]}`]));
  return told.length === 0 ? "none" : `(${told.join(", ")})`;
}

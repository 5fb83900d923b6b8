import type { Explanation } from "@gona/api";
import { sliceClass, TIMED_HANDLE } from "@gona/dataplane";
import { formatTcHandle } from "@gona/kernel";
import { formatRate, GonaError, guestOf, type NicId, nearestWord, type VifSpec } from "@gona/model";
import {
  BUCKETS,
  type BypassPath,
  explainFlow,
  explainPart,
  type FlowPart,
  type FlowPath,
  flowHash,
  type HubState,
  LANES,
  parseFlow,
  REST_PART,
  type VifEntry,
} from "@gona/planner";
import type { Clock } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { DataPlane } from "./data-plane.ts";
import { pathOf, whyOfPath } from "./explain-path.ts";
import { lacpWords } from "./lacp/lacp-view.ts";
import type { NicMonitor } from "./nic-monitor.ts";

export interface ExplainSources {
  readonly controller: Controller;
  readonly dataPlane: Pick<DataPlane, "balance">;
  readonly clock: Pick<Clock, "nowMs">;
}

/**
 * Which slices a guest's vif has and which one a flow of it takes, by the same hash and tables as
 * the packet path, or by what that remembers of it. Throws NOT_FOUND for an unknown guest, USAGE for a flow that is none.
 */
export function explain({ controller, dataPlane, clock }: ExplainSources, name: string, flow?: string): Explanation {
  const vif = findVif(controller, name);
  const entry = controller.hub.lastKnown.vifs.get(vif.id);
  const base = {
    guest: guestOf(vif.id),
    vif: vif.id,
    macStrategy: macStrategy(entry),
    slices: slicesOf(controller, entry),
  };
  const bypass = controller.hub.lastKnown.bypasses.get(vif.id);
  if (bypass !== undefined) return { ...base, why: [...bypassWords(bypass)] };
  if (entry === undefined) return { ...base, why: [`${vif.id} is pending: nothing of it is programmed`] };
  if (entry.stopped) return { ...base, why: ["a NIC is lost and onNicLoss says stop: all its traffic is dropped"] };
  if (flow === undefined)
    return { ...base, why: [...whyOfTable(controller, vif, entry), ...lacpWords(controller.lacp, entry)] };
  const { nics, trafficRules } = controller.hub.lastKnown;
  const tuple = parseFlow(flow);
  const place = entry.choice === undefined ? undefined : dataPlane.balance.flow(entry.slot, flowHash(tuple));
  const path = explainFlow(entry, tuple, (nic) => nics.get(nic)?.up === true, place?.slice);
  const moves = controller.balancer.book.of(vif.id, path.bucket);
  const known = { entry, path, place, moves, nowMs: clock.nowMs() };
  const part = explainPart(entry, trafficRules.get(vif.id), tuple);
  const { taken } = path;
  return {
    ...base,
    flow: {
      text: flow,
      bucket: path.bucket,
      ...(taken && { slice: taken.slice, nic: taken.nic, classid: classOf(nics, taken.nic, entry, part?.part) }),
      ...(path.chosen && { chosenNic: path.chosen.nic }),
      ...pathOf(known),
    },
    why: [
      ...whyOfPath(known),
      ...whyOfFlow(controller.nics, entry, path),
      ...(taken && nics.get(taken.nic)?.timed
        ? [`${taken.nic} keeps limits by departure times: it has no classes`]
        : []),
      ...whyOfQueues(vif, entry, part),
      ...lacpWords(controller.lacp, entry),
    ],
  };
}

function bypassWords(path: BypassPath): readonly string[] {
  const { nic } = path;
  if (path.kind === "macvtap")
    return [`frames leave by the macvtap ${path.device} on ${nic}, in their slice's class of the NIC's own queues`];
  return [
    `frames leave by virtual function ${path.vf} of ${nic}, past GONA's packet path`,
    `${nic} limits them to ${formatRate(path.limit)}${path.reserve > 0 ? ` and assures ${formatRate(path.reserve)}` : ""}`,
  ];
}

function findVif(controller: Controller, name: string): VifSpec {
  const guests = controller.reconciler.target?.spec.guests ?? [];
  const vifs = guests.flatMap((guest) => guest.vifs);
  const guest = guests.find((one) => (one.name as string) === name);
  const found = vifs.find((vif) => (vif.id as string) === name) ?? guest?.vifs[0];
  if (found !== undefined) return found;
  const near = nearestWord(name, [...guests.map((one) => one.name), ...vifs.map((vif) => vif.id)]);
  const detail = near === undefined ? {} : { hint: `did you mean ${near}?` };
  throw new GonaError("NOT_FOUND", `there is no guest or vif ${name}`, detail);
}

const macStrategy = (entry: VifEntry | undefined): Explanation["macStrategy"] =>
  entry?.rewriteMac === true ? "per-slice" : "own";
/** Of a NIC with departure times the fq that is all its queue. */
const classOf = (nics: HubState["nics"], nic: NicId, { slot }: VifEntry, part?: number): string =>
  formatTcHandle(nics.get(nic)?.timed ? TIMED_HANDLE : sliceClass(slot, part));

function slicesOf({ nics, hub }: Controller, entry: VifEntry | undefined): Explanation["slices"] {
  if (entry === undefined) return [];
  return entry.slices.flatMap((slice, number) => {
    if (slice === null) return [];
    const buckets = entry.buckets.filter((bucket) => bucket === number).length;
    const nicState = nics.standing(slice.nic)?.phase ?? "down";
    return [
      {
        slice: number,
        nic: slice.nic,
        classid: classOf(hub.lastKnown.nics, slice.nic, entry),
        nicState,
        buckets,
        mac: slice.mac,
      },
    ];
  });
}

const sinceOf = (nics: NicMonitor, nic: NicId): string => {
  const standing = nics.standing(nic);
  if (standing === undefined) return "is unknown";
  return `is ${standing.phase} since ${new Date(standing.sinceMs).toISOString()} (${standing.cause})`;
};

function whyOfTable({ nics }: Controller, vif: VifSpec, entry: VifEntry): string[] {
  const { balance } = vif.aggregate;
  const policy =
    balance === "active-backup"
      ? "active-backup: all buckets point to the first slice whose NIC is up"
      : balance === "flowlet"
        ? "flowlet: buckets move by what they send; flows move where they cannot overtake themselves"
        : `${balance}: buckets are shared out in proportion to the slices' limits`;
  const off = entry.slices.flatMap((slice) =>
    slice === null || nics.standing(slice.nic)?.phase === "up" ? [] : [`${slice.nic} ${sinceOf(nics, slice.nic)}`],
  );
  return [policy, ...off];
}

function whyOfFlow(nics: NicMonitor, entry: VifEntry, { hash, bucket, chosen, home }: FlowPath): string[] {
  const share = (slice: number) => entry.buckets.filter((one) => one === slice).length;
  const hashed = `its addresses, ports and protocol hash to ${hash.toString(16).padStart(8, "0")}: bucket ${bucket} of ${BUCKETS}`;
  if (chosen === undefined) return ["the bucket's slice does not exist", hashed];
  const table = `bucket ${bucket} points to slice ${chosen.slice} on ${chosen.nic}, as ${share(chosen.slice)} of ${BUCKETS} do`;
  if (home === undefined) return ["no slice of the vif is alive: the packets are dropped", table, hashed];
  if (home.slice === chosen.slice) {
    const goes = entry.choice === undefined ? "so the flow goes where its bucket points" : "where its bucket points";
    return [`${chosen.nic} is alive, ${goes}`, table, hashed];
  }
  return [
    `${chosen.nic} ${sinceOf(nics, chosen.nic)}, so a second hash over the living slices gives ${home.nic}`,
    table,
    hashed,
  ];
}

/** Where a flow waits besides its slice. */
function whyOfQueues(
  { aggregate }: VifSpec,
  { capped, latency, lanes }: VifEntry,
  part: FlowPart | undefined,
): string[] {
  const cap = capped ? ["before that it waits for the limit over all NICs"] : [];
  if (part === undefined) return cap;
  const nameOf = (number: number) => aggregate.classes[number - 1]?.name ?? String(number);
  const bulk = lanes ? `, else it waits in one of ${LANES} lanes that take equal turns` : "";
  const fair = latency === undefined ? "" : `; while it sends less than its fair part it goes before others${bulk}`;
  const taken =
    part.part === REST_PART ? `no traffic class claims it${fair}` : `it is of the traffic class ${nameOf(part.part)}`;
  const marked = part.ifMarked.map(
    (number) => `frames with the marks that ${nameOf(number)} asks for are of that class`,
  );
  return [taken, ...marked, ...cap];
}

import { bytes, MAX_BITS_PER_SECOND, type VifSpec } from "@gona/model";
import { equalData } from "./equal-data.ts";
import { burstTime, plainShape, RATE_FLOOR } from "./htb-shape.ts";
import type { QueueTree, Spine, SpineFilter, SpineId } from "./hub-state.ts";
import { stableHash } from "./stable-hash.ts";

/** Of a link's name. */
const LONGEST = 15;
/** Where a limit is each class's own, and nothing is to bind all of them together. */
const NO_LIMIT = MAX_BITS_PER_SECOND as QueueTree["rate"];
/** What is in no vif's class passes there only while a vif's classes change their shape. */
const STRAY_LEAF = { kind: "segmenter", limit: bytes(1_000_000) } as const;

/** A spine and what stands on its ends. */
export interface SpinePlan {
  readonly id: SpineId;
  readonly spine: Spine;
  /** On the first end. */
  readonly tree: QueueTree;
  /** On the far end. */
  readonly filter: SpineFilter;
}

/** The ends of a spine: readable where the name fits (`gq-cap`, `gq-in-eth1`). */
export function spineEnds(id: SpineId): Spine {
  const words = id.replace(" ", "-");
  // A hash has no dash, so no NIC's name can be mistaken for one.
  const name = `gq-${words}`.length <= LONGEST ? words : stableHash(id);
  return { device: `gq-${name}`, peer: `gp-${name}` };
}

/** A spine whose tree has this rate. */
export function spinePlan(id: SpineId, rate: QueueTree["rate"]): SpinePlan {
  const tree: QueueTree = { rate, burst: burstTime(rate), host: plainShape(RATE_FLOOR, rate, STRAY_LEAF) };
  return { id, spine: spineEnds(id), tree, filter: { spine: id } };
}

/** Spines of the host as a whole, by id: those that some vif of the spec needs, whether it is there or not. */
export type HostSpines = ReadonlyMap<SpineId, SpinePlan>;

/** The same references where nothing changed. */
export function hostSpines(vifSpecs: readonly VifSpec[], before?: HostSpines): HostSpines {
  const needed: SpineId[] = [];
  if (vifSpecs.some(({ aggregate }) => aggregate.limit?.egress !== undefined)) needed.push("cap");
  if (vifSpecs.some(({ aggregate }) => aggregate.limit?.local !== undefined)) needed.push("local");
  const same = before !== undefined && equalData([...before.keys()], needed);
  return same ? before : new Map(needed.map((id) => [id, before?.get(id) ?? spinePlan(id, NO_LIMIT)]));
}

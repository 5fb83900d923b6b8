import {
  type AggregateSpec,
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  bytesIn,
  type ClassRate,
  minRate,
  type Nanoseconds,
  nanoseconds,
  scaleRate,
} from "@gona/model";
import { burstTime, FRAME, goalLeaf, leafFor, type PartOf, partShape, quantumNear, RATE_FLOOR } from "./htb-shape.ts";
import { type ClassShape, LANES, REST_PART, type SlicePart, SPARSE_PART } from "./hub-state.ts";
import { classGoal, goalTime } from "./traffic-rules.ts";

/** Of what no class claims: that of a class whose spec is silent. */
const REST_PRIORITY = 4;
/**
 * Weight of a class above or below the rest when both borrow. No more than this: in HTB's round a slice
 * has the quanta of all its parts, so a guest's class takes from its neighbours as well.
 */
const URGENT_WEIGHT = 4;
/** What HTB takes for a rate of nothing: bulk flows borrow all that they get. */
const NO_RATE = { rate: bitsPerSecond(8), burst: nanoseconds(64) };
/**
 * Sparse flows go out at once up to so much of their rate: a packet that waited for it could be overtaken by the
 * next of its flow, where that is bulk by then.
 */
const SPARSE_BURST = nanoseconds(5_000_000);

export interface SlicePartsInput {
  readonly aggregate: AggregateSpec;
  /** The slice as a class of its own: what is assured, limit, quantum. */
  readonly slice: Pick<ClassShape, "rate" | "ceil" | "quantum"> & PartOf;
  /** Of a class rate over the aggregate, what falls to this slice; 0 to 1. */
  readonly fraction: number;
  /** Inventory.fqCodel: goals are kept in the leaves, and nothing tells sparse flows. */
  readonly fqCodel: boolean;
  /** Bulk flows of the rest have LANES parts. */
  readonly laned: boolean;
}

/** What one part asks for. */
interface Claim {
  readonly part: number;
  readonly priority: number;
  /** Counts only as far as the slice has it assured. */
  readonly reserve: BitsPerSecond;
  readonly limit: BitsPerSecond;
  readonly goal: Nanoseconds | undefined;
}

/**
 * The classes below a slice that has traffic classes or a latency goal. HTB serves a class that is
 * within its assured rate at once, so priority is given as assured rate: in the order of priority each
 * class is assured, beyond its reservation, what the others have not reserved of the slice's assured
 * rate, up to its limit; equal priorities share it alike. The sum is the slice's own assured rate, so
 * no neighbour's is touched. HTB's own priority would take the NIC's spare from neighbours.
 */
export function sliceParts(input: SlicePartsInput): readonly SlicePart[] {
  const { slice, fqCodel } = input;
  const claims = claimsOf(input);
  const rates = assuredRates(claims, slice.rate);
  return claims.flatMap((claim, index): SlicePart[] => {
    const rate = rates[index] ?? RATE_FLOOR;
    const part = (number: number, assured: number): SlicePart => ({
      part: number,
      ...partShape(
        { rate: floored(assured, claim.limit), ceil: claim.limit, quantum: quantumOf(claim, slice.quantum) },
        slice,
        goalLeaf(claim.limit, claim.goal, fqCodel),
      ),
    });
    if (claim.part !== REST_PART || claim.goal === undefined || fqCodel) return [part(claim.part, rate)];
    const sparse = part(SPARSE_PART, rate);
    return [{ ...sparse, burst: burstTime(sparse.rate, SPARSE_BURST) }, ...bulkParts(part(REST_PART, 0), input, claim)];
  });
}

/**
 * Where bulk flows wait that no class claims. Nothing is assured to them: their sparse flows have it all, send little
 * by definition, and are never overtaken by what is over its rate; what they leave the others borrow from the slice.
 */
function bulkParts(rest: SlicePart, { slice, laned }: SlicePartsInput, { goal }: Claim): readonly SlicePart[] {
  const bulk = { ...rest, ...NO_RATE };
  if (!laned || goal === undefined) return [bulk];
  // In HTB's round a lane with less than its quantum loses what is left of its turn: so no more than it holds near the goal.
  const turn = Math.max(FRAME, Math.min(slice.quantum, bytesIn(slice.ceil, goal) / LANES));
  return Array.from({ length: LANES }, (_, lane) => ({
    ...bulk,
    part: REST_PART + lane,
    quantum: bytes(Math.round(turn)),
  }));
}

/** Ascending by part: the classes, then the rest. */
function claimsOf({ aggregate, slice, fraction }: SlicePartsInput): readonly Claim[] {
  const rateOf = (rate: ClassRate): BitsPerSecond =>
    rate.kind === "absolute" ? scaleRate(rate.rate, fraction) : scaleRate(slice.ceil, rate.ratio);
  const classes = aggregate.classes.map((one, index): Claim => {
    const limit = one.limit === undefined ? slice.ceil : lowest(rateOf(one.limit), slice.ceil);
    const reserve = one.reserve === undefined ? bitsPerSecond(0) : minRate(rateOf(one.reserve), limit);
    return { part: index + 1, priority: one.priority, reserve, limit, goal: classGoal(one, aggregate) };
  });
  const rest: Claim = {
    part: REST_PART,
    priority: REST_PRIORITY,
    reserve: bitsPerSecond(0),
    limit: slice.ceil,
    goal: aggregate.latency === undefined ? undefined : goalTime(aggregate.latency),
  };
  return [...classes, rest];
}

/** HTB takes no limit of 0. */
const lowest = (limit: BitsPerSecond, slice: BitsPerSecond): BitsPerSecond =>
  minRate(bitsPerSecond(Math.max(limit, RATE_FLOOR)), slice);

const floored = (rate: number, limit: BitsPerSecond): BitsPerSecond =>
  minRate(bitsPerSecond(Math.max(rate, RATE_FLOOR)), limit);

/** What each claim is assured of `total`, in bit/s. */
function assuredRates(claims: readonly Claim[], total: BitsPerSecond): readonly number[] {
  const reserved = claims.reduce((sum, { reserve }) => sum + reserve, 0);
  // A slice may have less assured than its classes reserve: then all have less in proportion.
  const scale = reserved > total ? total / reserved : 1;
  const rates = claims.map(({ reserve }) => reserve * scale);
  let spare = Math.max(0, total - reserved);
  const priorities = [...new Set(claims.map(({ priority }) => priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    const group = [...claims.keys()].filter((index) => claims[index]?.priority === priority);
    spare = shareAlike(spare, group, rates, claims);
  }
  return rates;
}

/** Raises the rates of a group alike, none above its limit; returns what nobody could take. */
function shareAlike(spare: number, group: readonly number[], rates: number[], claims: readonly Claim[]): number {
  const room = (index: number): number => (claims[index]?.limit ?? 0) - (rates[index] ?? 0);
  const filling = group.toSorted((a, b) => room(a) - room(b));
  let left = spare;
  for (const [nth, index] of filling.entries()) {
    const more = Math.min(room(index), left / (filling.length - nth));
    rates[index] = (rates[index] ?? 0) + more;
    left -= more;
  }
  return left;
}

function quantumOf({ priority, limit }: Claim, slice: Bytes): Bytes {
  if (priority === REST_PRIORITY) return slice;
  if (priority < REST_PRIORITY) return quantumNear(slice * URGENT_WEIGHT);
  // Where GSO packets are cut, a quantum below one has weight too.
  const isCut = leafFor(limit).kind === "segmenter";
  return isCut ? bytes(Math.round(slice / URGENT_WEIGHT)) : quantumNear(slice / URGENT_WEIGHT);
}

import type { FabricId, HostSpec } from "@gona/model";
import { assignNumbers } from "./assign-numbers.ts";
import type { HubState } from "./hub-state.ts";

/** Numbers of fabrics; 0 means none. */
const FABRIC_NUMBERS = { low: 1, high: 0xffff };

/**
 * A number for each fabric of the spec: the one that most of its NICs have now, else what the last
 * call gave it (`before`), else what its vifs have, else a new one. Where two fabrics have a claim to
 * one number (NICs changed their fabric), the one with more NICs there keeps it.
 */
export function fabricNumbers(
  spec: HostSpec,
  observed: HubState,
  before?: ReadonlyMap<FabricId, number>,
): ReadonlyMap<FabricId, number> {
  const claims = new Claims();
  claims.grant(count(spec.nics.map((nic) => [nic.fabric, observed.nics.get(nic.name)?.fabric])));
  if (claims.size < spec.fabrics.length) {
    claims.grant(count(spec.fabrics.map(({ name }) => [name, before?.get(name)])));
    claims.grant(count(vifNumbers(spec, observed)));
  }
  return assignNumbers(
    spec.fabrics.map((fabric) => fabric.name),
    FABRIC_NUMBERS,
    (fabric) => claims.of(fabric),
    () => occupied(observed, before),
  );
}

interface Vote {
  readonly fabric: FabricId;
  readonly number: number;
  votes: number;
}

function count(pairs: Iterable<readonly [FabricId, number | undefined]>): readonly Vote[] {
  const votes = new Map<string, Vote>();
  for (const [fabric, number] of pairs) {
    if (number === undefined || number === 0) continue;
    const vote = votes.get(`${fabric} ${number}`);
    if (vote === undefined) votes.set(`${fabric} ${number}`, { fabric, number, votes: 1 });
    else vote.votes++;
  }
  return [...votes.values()].sort((a, b) => b.votes - a.votes);
}

class Claims {
  readonly #numbers = new Map<FabricId, number>();
  readonly #taken = new Set<number>();

  get size(): number {
    return this.#numbers.size;
  }

  of(fabric: FabricId): number | undefined {
    return this.#numbers.get(fabric);
  }

  /** The strongest first; a fabric or number that is settled stays so. */
  grant(votes: readonly Vote[]): void {
    for (const { fabric, number } of votes) {
      if (this.#numbers.has(fabric) || this.#taken.has(number)) continue;
      this.#numbers.set(fabric, number);
      this.#taken.add(number);
    }
  }
}

function* vifNumbers(spec: HostSpec, observed: HubState): Iterable<readonly [FabricId, number | undefined]> {
  const fabricOf = new Map(spec.nics.map((nic) => [nic.name, nic.fabric]));
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      const first = vif.aggregate.slices[0];
      const fabric = first && fabricOf.get(first.nic);
      if (fabric !== undefined) yield [fabric, observed.vifs.get(vif.id)?.fabric];
    }
  }
}

function occupied(observed: HubState, before?: ReadonlyMap<FabricId, number>): ReadonlySet<number> {
  const numbers = new Set<number>(before?.values());
  for (const nic of observed.nics.values()) numbers.add(nic.fabric);
  for (const vif of observed.vifs.values()) numbers.add(vif.fabric);
  for (const station of observed.stations.values()) numbers.add(station.fabric);
  for (const segment of observed.segments.values()) numbers.add(segment.fabric);
  return numbers;
}

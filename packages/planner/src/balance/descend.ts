import type { Item, Load } from "./load.ts";

/** Spread, as a part of the fair share, at which slices count as even. */
export const EVEN = 0.01;
/** Of moves and exchanges in one call; a whole table has 1,024 buckets. */
const MOST_STEPS = 1024;

/**
 * Makes slices even by the largest gains first, which are few moves: an item goes from a fuller slice
 * to an emptier one, or two change places where no single one helps. No move makes the fuller of its
 * two slices fuller, so the peak never rises. Returns where each item is then, by its place in `items`;
 * `load` follows.
 */
export function descend(items: readonly Item[], load: Load, start?: readonly number[]): number[] {
  const at = start === undefined ? items.map((item) => item.at) : [...start];
  const shelves = load.capacities.map((_, slice) => new Shelf(items, at, slice));
  for (let step = 0; step < MOST_STEPS && load.spread > EVEN; step++) {
    const best = bestStep(load, shelves);
    if (best === undefined) break;
    const { from, to, out, back } = best;
    take(items, at, shelves, load, out, from, to);
    if (back !== undefined) take(items, at, shelves, load, back, to, from);
  }
  return at;
}

interface Step {
  readonly from: number;
  readonly to: number;
  /** Places in `items`. */
  readonly out: number;
  readonly back?: number;
  readonly gain: number;
}

/** A step that brings less than this part of what an even pair would is noise. */
const LEAST_GAIN = 0.002;

type Find = (out: Shelf, back: Shelf, gap: number, room: number) => Found | undefined;
interface Found {
  readonly rate: number;
  readonly out: number;
  readonly back?: number;
}

/** A single move where one helps, else an exchange. */
const bestStep = (load: Load, shelves: readonly Shelf[]): Step | undefined =>
  bestOf(load, shelves, (out, _back, gap, room) => out.nearest(gap, room)) ??
  bestOf(load, shelves, (out, back, gap, room) => out.nearestDifference(back, gap, room));

function bestOf(load: Load, shelves: readonly Shelf[], find: Find): Step | undefined {
  let best: Step | undefined;
  for (const from of load.usable) {
    for (const to of load.usable) {
      const gap = load.gap(from, to);
      if (gap <= 0) continue;
      const room = load.room(from, to);
      const found = find(shelves[from] as Shelf, shelves[to] as Shelf, Math.min(gap, room), room);
      if (found === undefined) continue;
      // How much sum(carried^2 / capacity) falls.
      const weight = 1 / (load.capacities[from] as number) + 1 / (load.capacities[to] as number);
      const { rate, ...step } = found;
      const gain = rate * (2 * gap - rate) * weight;
      if (gain > LEAST_GAIN * gap * gap * weight && gain > (best?.gain ?? 0)) best = { from, to, gain, ...step };
    }
  }
  return best;
}

function take(
  items: readonly Item[],
  at: number[],
  shelves: readonly Shelf[],
  load: Load,
  place: number,
  from: number,
  to: number,
): void {
  const rate = items[place]?.rate ?? 0;
  shelves[from]?.remove(place);
  shelves[to]?.add(place);
  at[place] = to;
  load.move(rate, from, to);
}

/** Looks for exchanges among so many items of a slice: the others are alike to one of them. */
const EXCHANGED = 256;

/** The items of one slice that may go, by rate. */
class Shelf {
  readonly #items: readonly Item[];
  /** Places in `items`, ascending by rate. */
  readonly #places: number[];

  constructor(items: readonly Item[], at: readonly number[], slice: number) {
    this.#items = items;
    this.#places = items
      .flatMap((item, place) => (at[place] === slice && item.fixed !== true && item.rate > 0 ? [place] : []))
      .sort((a, b) => this.#rate(a) - this.#rate(b) || a - b);
  }

  #rate(place: number): number {
    return this.#items[place]?.rate ?? 0;
  }

  /** Index of the first whose rate is at least `rate`. */
  #search(rate: number): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rate(this.#places[middle] as number) < rate) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The item whose rate is nearest to `rate`, and at most `most`. */
  nearest(rate: number, most: number): Found | undefined {
    const index = this.#search(rate);
    const next = this.#places[index];
    const above = next !== undefined && this.#rate(next) <= most ? next : undefined;
    const below = this.#places[index - 1];
    if (above === undefined && below === undefined) return undefined;
    const out =
      below === undefined || (above !== undefined && this.#rate(above) - rate < rate - this.#rate(below))
        ? (above as number)
        : below;
    return { out, rate: this.#rate(out) };
  }

  /** An item here and one of `other` whose rates differ by `rate` as nearly as any do. */
  nearestDifference(other: Shelf, rate: number, most: number): Found | undefined {
    const [mine, theirs] = [this.#places.slice(-EXCHANGED), other.#places.slice(-EXCHANGED)];
    let best: Found | undefined;
    let j = 0;
    for (const out of mine) {
      // As `out` grows, so does the one that fits it.
      const wanted = this.#rate(out) - rate;
      while (j + 1 < theirs.length && other.#rate(theirs[j + 1] as number) <= wanted) j++;
      for (const back of [theirs[j], theirs[j + 1]]) {
        if (back === undefined) continue;
        const difference = this.#rate(out) - other.#rate(back);
        if (difference > most) continue;
        if (best === undefined || Math.abs(difference - rate) < Math.abs(best.rate - rate)) {
          best = { out, back, rate: difference };
        }
      }
    }
    return best;
  }

  add(place: number): void {
    const item = this.#items[place];
    if (item === undefined || item.fixed === true || item.rate <= 0) return;
    this.#places.splice(this.#search(item.rate), 0, place);
  }

  remove(place: number): void {
    const index = this.#places.indexOf(place, Math.max(0, this.#search(this.#rate(place))));
    if (index >= 0) this.#places.splice(index, 1);
  }
}

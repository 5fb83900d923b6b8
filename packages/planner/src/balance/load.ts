/** Something that sends, as a whole, by one of several slices: a bucket of flows, or a peer. */
export interface Item {
  /** Of the caller's choice. */
  readonly id: number;
  /** Bytes/s. */
  readonly rate: number;
  /** Index of the slice that it is at. */
  readonly at: number;
  /** It rests, or cannot be told. */
  readonly fixed?: boolean;
}

/** What slices carry, and what they could. Index: slice number. */
export class Load {
  /** Bytes/s that each slice can carry; 0: none. */
  readonly capacities: readonly number[];
  /** Bytes/s that each carries. */
  readonly carried: number[];
  readonly total: number;
  /** Utilisation of all slices if they were even. */
  readonly fair: number;

  constructor(capacities: readonly number[], carried: readonly number[]) {
    this.capacities = capacities;
    this.carried = [...carried];
    this.total = carried.reduce((a, b) => a + b, 0);
    const capacity = capacities.reduce((a, b) => a + b, 0);
    this.fair = capacity === 0 ? 0 : this.total / capacity;
  }

  /** Part of a slice's capacity that is in use; may be above 1. */
  use(slice: number): number {
    const capacity = this.capacities[slice] ?? 0;
    return capacity === 0 ? 0 : (this.carried[slice] ?? 0) / capacity;
  }

  move(rate: number, from: number, to: number): void {
    this.carried[from] = (this.carried[from] ?? 0) - rate;
    this.carried[to] = (this.carried[to] ?? 0) + rate;
  }

  /** Numbers of the slices that can carry something. */
  get usable(): readonly number[] {
    return this.capacities.flatMap((capacity, slice) => (capacity > 0 ? [slice] : []));
  }

  /** Largest utilisation. */
  get peak(): number {
    return Math.max(0, ...this.usable.map((slice) => this.use(slice)));
  }

  /** Largest less smallest utilisation, as a part of the fair one; 0 where nothing is sent. */
  get spread(): number {
    if (this.fair === 0) return 0;
    const uses = this.usable.map((slice) => this.use(slice));
    return (Math.max(...uses) - Math.min(...uses)) / this.fair;
  }

  /**
   * Bytes/s that would make two slices even if they went from the one to the other; at most 0 where the
   * first is the less used. What is moved brings a gain while it is less than twice that.
   */
  gap(from: number, to: number): number {
    const [a, b] = [this.capacities[from] ?? 0, this.capacities[to] ?? 0];
    return a === 0 || b === 0 ? 0 : ((this.use(from) - this.use(to)) * a * b) / (a + b);
  }

  /** Bytes/s that can go from one slice to another before the latter is as full as the former was. */
  room(from: number, to: number): number {
    return (this.use(from) - this.use(to)) * (this.capacities[to] ?? 0);
  }

  copy(): Load {
    return new Load(this.capacities, this.carried);
  }
}

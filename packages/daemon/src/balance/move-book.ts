import type { NicId, VifId } from "@gona/model";

/** A bucket that the balancer pointed to another slice. */
export interface Move {
  /** Wall clock. */
  readonly atMs: number;
  readonly vif: VifId;
  readonly bucket: number;
  readonly from: NicId;
  readonly to: NicId;
  /** What the bucket sent at that time. */
  readonly bytesPerSecond: number;
  /** In words. */
  readonly cause: string;
}

/** Of one vif; older ones are forgotten. */
const KEPT = 256;

/** The last moves of each vif, for `gona explain`; they end with the process. */
export class MoveBook {
  readonly #moves = new Map<VifId, Move[]>();

  record(move: Move): void {
    const moves = this.#moves.get(move.vif) ?? [];
    this.#moves.set(move.vif, moves);
    moves.push(move);
    if (moves.length > KEPT) moves.shift();
  }

  /** Oldest first; of one bucket where it is given. */
  of(vif: VifId, bucket?: number): readonly Move[] {
    const moves = this.#moves.get(vif) ?? [];
    return bucket === undefined ? moves : moves.filter((move) => move.bucket === bucket);
  }

  forget(vif: VifId): void {
    this.#moves.delete(vif);
  }
}

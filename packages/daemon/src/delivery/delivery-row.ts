import type { NicId, VifId } from "@gona/model";
import type { Delivery, Direction } from "@gona/planner";

/** How one slice fared in one direction between two looks. */
export interface DeliveryRow extends Delivery {
  readonly guest: string;
  readonly vif: VifId;
  readonly nic: NicId;
  readonly direction: Direction;
  readonly seconds: number;
}

/** One look at all queues. */
export interface Look {
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
  /** Of the slices in which something happened, and of those that are short. */
  readonly rows: readonly DeliveryRow[];
}

/** What a slice is known by. */
export const rowKey = (row: Pick<DeliveryRow, "vif" | "nic" | "direction">): string =>
  `${row.vif} ${row.nic} ${row.direction}`;

import type { RolledRow } from "./delivery-roll.ts";

/** Which rows are asked for. */
export interface DeliveryFilter {
  /** A guest, or `guest/vif` (a vif's id). */
  readonly guest?: string;
  readonly nic?: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Minutes of promise against delivery that outlive the daemon; of slices that were in use. */
export interface DeliveryHistory extends Disposable {
  /** Of one minute. Throws GonaError STORAGE. */
  add(rows: readonly RolledRow[]): void;
  /** Oldest first; gives the event loop its turn in between. Throws GonaError STORAGE. */
  find(filter: DeliveryFilter): Promise<RolledRow[]>;
}

export const matches = (row: Pick<RolledRow, "guest" | "vif" | "nic">, { guest, nic }: DeliveryFilter): boolean =>
  (guest === undefined || row.guest === guest || row.vif === guest) && (nic === undefined || row.nic === nic);

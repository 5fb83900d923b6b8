import type { DeliveryQuery, DeliveryRow as DeliveryRowView, DeliveryView } from "@gona/api";
import { GonaError } from "@gona/model";
import { describeReason, errorPercent } from "@gona/planner";
import { isoTime } from "../clock.ts";
import { matches } from "./delivery-history.ts";
import type { DeliveryMonitor } from "./delivery-monitor.ts";
import type { RolledRow } from "./delivery-roll.ts";
import type { DeliveryRow } from "./delivery-row.ts";
import { single } from "./recent-looks.ts";

const MINUTE_S = 60;
/** Memory holds so much; what is older comes from the minutes. */
const RECENT_MS = 120_000;

/** What a client asks for. Throws USAGE for a step that nothing is kept in, and STORAGE. */
export async function queryDelivery(
  monitor: DeliveryMonitor,
  { guest, nic, since, step }: DeliveryQuery,
  nowMs: number,
): Promise<DeliveryRowView[]> {
  const whose = { ...(guest !== undefined && { guest }), ...(nic !== undefined && { nic }) };
  monitor.watch();
  if (step !== undefined && step >= MINUTE_S && step % MINUTE_S !== 0) {
    throw new GonaError("USAGE", "no such step", {
      found: `${step} s`,
      allowed: "below a minute, or whole minutes",
    });
  }
  if (since === undefined && step === undefined) {
    const { atMs, rows } = monitor.newest;
    return rows.filter((row) => matches(row, { ...whose, sinceMs: 0 })).map((row) => deliveryRow(single(atMs, row)));
  }
  const sinceMs = since === undefined ? 0 : Date.parse(since);
  const isRecent = step === undefined ? nowMs - sinceMs <= RECENT_MS : step < MINUTE_S;
  const filter = { ...whose, sinceMs };
  const rows = isRecent ? monitor.recent(filter, step) : await monitor.minutes(filter, step ?? MINUTE_S);
  return rows.map(deliveryRow);
}

/** The rows of one look as they are streamed. */
export const lookRows = (atMs: number, rows: readonly DeliveryRow[], query: DeliveryQuery): DeliveryRowView[] => {
  const { guest, nic } = query;
  const filter = { ...(guest !== undefined && { guest }), ...(nic !== undefined && { nic }), sinceMs: 0 };
  return rows.filter((row) => matches(row, filter)).map((row) => deliveryRow(single(atMs, row)));
};

export const deliveryRow = (row: RolledRow): DeliveryRowView => ({
  guest: row.guest,
  vif: row.vif,
  nic: row.nic,
  direction: row.direction,
  ...deliveryView(row),
});

export function deliveryView(row: RolledRow): DeliveryView {
  const { reason, nic, direction, atMs, short } = row;
  const error = errorPercent(row);
  return {
    at: isoTime(atMs),
    seconds: rounded(row.seconds),
    offeredBitsPerSecond: Math.round(row.offeredBitsPerSecond),
    deliveredBitsPerSecond: Math.round(row.deliveredBitsPerSecond),
    promisedBitsPerSecond: Math.round(row.promisedBitsPerSecond),
    errorPercent: error === null ? null : rounded(error),
    short,
    shortSeconds: rounded(row.shortSeconds),
    reason: {
      kind: reason.kind,
      text: describeReason(reason, nic, direction),
      ...(reason.kind === "nic-lost" && { nics: [...reason.nics] }),
    },
  };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

import type { Expectation } from "../scenario/scenario.ts";
import type { Verdict } from "./verdict.ts";

/** What peers and switches knew of a guest. */
export interface TablesFinding {
  /** Entries of peers' ARP and ND tables for one of its addresses. */
  readonly entries: number;
  /** Each in words; empty: all was right. */
  readonly faults: readonly string[];
}

/** Peers' ARP and ND tables and the switches' learning tables agree with where the guest's MACs are. */
export function judgeTables(
  { guest, by }: Extract<Expectation, { kind: "tables" }>,
  found: TablesFinding | undefined,
): Verdict {
  const faults = found?.faults ?? ["nobody looked"];
  return {
    kind: "tables",
    kept: faults.length === 0,
    subject: guest,
    promised: `peers' and switches' tables lead to ${by === undefined ? "its NICs" : by.join(", ")}`,
    delivered: faults.length === 0 ? `${found?.entries} entries of peers, all right` : faults.join("; "),
    figure: "wrong entries of peers and switches",
    unit: "entries",
    value: faults.length,
    versus: { name: "most allowed", value: 0 },
  };
}

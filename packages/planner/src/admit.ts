import { type BitsPerSecond, formatRate, type HostSpec } from "@gona/model";
import { addressFindings } from "./admit-addresses.ts";
import { capFindings } from "./admit-caps.ts";
import { lossFindings } from "./admit-nic-loss.ts";
import { reservationFindings } from "./admit-reservations.ts";
import { bypassFindings } from "./bypass-obstacles.ts";
import { DIRECTIONS } from "./direction.ts";
import { eachVif } from "./each-vif.ts";
import { edtFindings } from "./edt-obstacles.ts";
import type { Finding } from "./finding.ts";
import { offloadFindings } from "./offload-obstacles.ts";
import { reservations } from "./reservations.ts";

export type { Finding } from "./finding.ts";

/**
 * Whether every promise of a spec can be kept at once; empty when it does. Slices that `want` leaves
 * open have been placed. Reservations on a NIC count in each direction against its capacity less what
 * the host is assured; a slice without a reservation counts RATE_FLOOR, because HTB assures it that
 * much. A NIC's loss takes its own reservations with it and adds none to the others, but where
 * `keep-reserve` moves them: then they must fit there too, whichever one NIC is lost.
 * `active-backup` reserves on every NIC that it may use.
 */
export function admit(spec: HostSpec): readonly Finding[] {
  const sums = reservations(spec);
  return [
    ...sliceFindings(spec),
    ...capFindings(spec),
    ...reservationFindings(spec, sums),
    ...lossFindings(spec, sums),
    ...addressFindings(spec),
    ...offloadFindings(spec),
    ...bypassFindings(spec),
    ...edtFindings(spec),
  ];
}

function sliceFindings(spec: HostSpec): readonly Finding[] {
  const capacities = new Map(spec.nics.map((nic) => [nic.name, nic.capacity]));
  const findings: Finding[] = [];
  eachVif(spec, (vif, place) => {
    const { slices } = vif.aggregate;
    for (let k = 0; k < slices.length; k++) {
      const slice = slices[k];
      if (slice === undefined) continue;
      const capacity = capacities.get(slice.nic) ?? slice.egress.limit;
      for (const direction of DIRECTIONS) {
        const share = slice[direction];
        if (share === undefined || (share.limit <= capacity && share.reserve <= share.limit)) continue;
        const path = `${place()}.aggregate.slices[${k}].${direction}`;
        if (share.limit > capacity) findings.push(tooHigh(`${path}.limit`, "limit", share.limit, capacity));
        if (share.reserve > share.limit)
          findings.push(tooHigh(`${path}.reserve`, "reserve", share.reserve, share.limit));
      }
    }
  });
  return findings;
}

function tooHigh(path: string, what: "limit" | "reserve", found: BitsPerSecond, most: BitsPerSecond): Finding {
  return {
    code: "SPEC_DOES_NOT_FIT",
    path,
    message: `the ${what} ${formatRate(found)} is above the ${what === "limit" ? "capacity of the NIC" : "limit"}`,
    found: formatRate(found),
    allowed: `at most ${formatRate(most)}`,
  };
}

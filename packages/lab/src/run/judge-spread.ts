import type { HostSpec } from "@gona/model";
import type { Expectation, SliceName } from "../scenario/scenario.ts";
import type { Evidence, Verdict } from "./verdict.ts";

type Direction = "egress" | "ingress";

/** How far the use of a guest's slices is apart: the highest part of a limit less the lowest, of what all carried of all limits. */
export function judgeSpread(
  { guest, direction, within }: Extract<Expectation, { kind: "spread" }>,
  { host, rate }: Evidence,
): Verdict {
  const slices = limitsOf(host, guest, direction).map(({ slice, limit }) => ({ limit, rate: rate(slice, direction) }));
  const total = slices.reduce((sum, item) => sum + item.rate, 0);
  const mean = total / slices.reduce((sum, item) => sum + item.limit, 0);
  const uses = slices.map((item) => item.rate / item.limit);
  const value = total > 0 ? (Math.max(...uses) - Math.min(...uses)) / mean : Number.POSITIVE_INFINITY;
  const rates = slices.map((item) => (item.rate / 1e6).toFixed(1)).join(" and ");
  return {
    kind: "spread",
    kept: value <= within,
    subject: `${guest}, ${direction}`,
    promised: `NICs used evenly, at most ${Number((within * 100).toPrecision(3))} % apart`,
    delivered: total > 0 ? `${(value * 100).toFixed(1)} % apart: ${rates} Mbit/s` : "nothing came",
    figure: `spread over NICs, ${direction}`,
    unit: "ratio",
    value: Number.isFinite(value) ? value : -1,
    versus: { name: "most allowed", value: within },
  };
}

/** Where a slice has no limit of its own, its NIC's capacity. */
function limitsOf(host: HostSpec, guest: string, direction: Direction): { slice: SliceName; limit: number }[] {
  const capacities = new Map(host.nics.map(({ name, capacity }) => [name, capacity]));
  return host.guests
    .filter(({ name }) => name === guest)
    .flatMap(({ name, vifs }) =>
      vifs.flatMap(({ aggregate }) =>
        aggregate.slices.map((slice) => ({
          slice: { guest: name, nic: slice.nic },
          limit: slice[direction]?.limit ?? capacities.get(slice.nic) ?? 1,
        })),
      ),
    );
}

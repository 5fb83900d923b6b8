import { setTimeout as delay } from "node:timers/promises";
import type { BenchRow } from "../bench-row.ts";
import { RunningLoad } from "../load/running-load.ts";
import { measureRates, runDry } from "../qos-bed/measure-rates.ts";
import { QosBed } from "../qos-bed/qos-bed.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { MOST_GUESTS, SHARING_CASES, type SharingCase } from "./cases.ts";
import { crowdRows } from "./crowd.ts";
import { HtbSharer } from "./htb-sharer.ts";
import { judgeSharing, sharingRows } from "./judge-sharing.ts";
import { sharingSpec } from "./sharing-spec.ts";

const ROUNDS = { full: 3, quick: 1 };
const SETTLE_MS = { full: 1500, quick: 600 };
const WINDOW_MS = { full: 2500, quick: 1000 };
const HTB = "HTB by tc's defaults";

/** How guests share one NIC: reservations, shares, equality, what is used. */
export const sharingSuite: Suite = {
  name: "sharing",
  about: "reservations, shares and utilisation of 2 to 256 guests on one NIC, beside HTB by tc's defaults",
  async run(options) {
    const rows: BenchRow[] = [];
    {
      options.progress("building two beds of eight guests");
      await using stack = new AsyncDisposableStack();
      const gona = stack.use(await QosBed.gona("bench-share", sharingSpec([], MOST_GUESTS)));
      const htb = stack.use(await HtbSharer.build(MOST_GUESTS));
      for (const sharing of SHARING_CASES) {
        const rounds: ReturnType<typeof judgeSharing>[] = [];
        const others: ReturnType<typeof judgeSharing>[] = [];
        const least = options.quick ? ROUNDS.quick : ROUNDS.full;
        for (let round = 0; round < least; round++) {
          const { guests } = sharing;
          await gona.apply(
            sharingSpec(
              guests.map(({ share }) => share),
              guests.length,
            ),
          );
          rounds.push(judgeSharing(sharing, await measure(gona, sharing, options)));
          options.progress(`${sharing.name}, GONA: ${words(rounds.at(-1))}`);
          if (sharing.compared !== true || (options.quick && sharing !== SHARING_CASES[0])) continue;
          await htb.set(sharing);
          others.push(judgeSharing(sharing, await measure(htb.bed, sharing, options)));
          options.progress(`${sharing.name}, ${HTB}: ${words(others.at(-1))}`);
        }
        rows.push(...sharingRows(sharing, rounds, others.length > 0 ? { name: HTB, rounds: others } : undefined));
      }
    }
    return [...rows, ...(await crowdRows(options))];
  },
};

const words = (figures: ReturnType<typeof judgeSharing> = []): string =>
  figures.map(({ figure, value, unit }) => `${figure} ${value.toFixed(4)} ${unit}`.trim()).join(", ");

/** Bit/s of each guest. Blasters have processes of their own, so that they do not keep TCP waiting. */
async function measure(bed: QosBed, { guests }: SharingCase, { quick, signal }: SuiteOptions): Promise<number[]> {
  signal?.throwIfAborted();
  const sources = guests.flatMap(({ sends }, guest) =>
    sends === undefined ? [] : [bed.source(guest, "egress", sends)],
  );
  const flows = guests.map((_, guest) => bed.egressFlow(guest, "eth1"));
  const kinds = (["tcp", "udp"] as const)
    .map((kind) => sources.filter((source) => source.kind === kind))
    .filter((list) => list.length > 0);
  await using stack = new AsyncDisposableStack();
  for (const [index, list] of kinds.entries()) stack.use(await RunningLoad.start(bed.loadHost, `load${index}`, list));
  await delay(quick ? SETTLE_MS.quick : SETTLE_MS.full);
  const rates = await measureRates(bed, flows, quick ? WINDOW_MS.quick : WINDOW_MS.full);
  await stack.disposeAsync();
  await runDry(bed, flows);
  return rates;
}

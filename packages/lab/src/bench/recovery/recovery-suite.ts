import type { BenchRow } from "../bench-row.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { type Failure, MACHINE_FAILURES, NETNS_FAILURES, SPARED_FAILURES } from "./failures.ts";
import { type Recovery, recoverOnce } from "./recover-once.ts";
import { type DomainKind, RecoveryBed } from "./recovery-bed.ts";
import { type RecoveryAims, recoveryRows } from "./recovery-rows.ts";

const ROUNDS = { full: 20, quick: 3 };

interface Kind extends DomainKind {
  readonly failures: readonly Failure[];
  readonly aims: (failure: Failure) => RecoveryAims;
  /** Each failure counts as a restart of its domain, of which there may not be too many. */
  readonly forgets: boolean;
  /** Rounds; absent: any number. */
  readonly most?: number;
}

const KINDS: readonly Kind[] = [
  {
    ...{ name: "namespace", key: "netns", spec: { isolation: "netns" }, perSecond: 2000, failures: NETNS_FAILURES },
    forgets: true,
    // Where its NIC is away nobody can carry what has no other.
    aims: ({ unnoticed }) => ({ acrossMs: 10, fullMs: 500, ...(unnoticed && { insideMs: 10 }) }),
  },
  {
    ...{ name: "machine with a spare", key: "spare", perSecond: 200, failures: SPARED_FAILURES },
    spec: { isolation: "vm", device: "e1000", spare: true },
    // A takeover is no restart.
    forgets: false,
    aims: () => ({ acrossMs: 50, insideMs: 50, fullMs: 1000 }),
  },
  {
    ...{ name: "machine without a spare", key: "vm", perSecond: 200, failures: MACHINE_FAILURES },
    spec: { isolation: "vm", device: "e1000" },
    forgets: false,
    // Some boots tell how long one takes; and with a sixth loss within a minute a domain is given up.
    most: 4,
    aims: () => ({}),
  },
];

/** How long a driver domain that failed keeps traffic waiting, and when all is as before. */
export const recoverySuite: Suite = {
  name: "recovery",
  about: "a driver domain fails under traffic: time without a packet, and until all slices carry again, p50 and p99",
  async run(options) {
    const rows: BenchRow[] = [];
    for (const kind of KINDS) rows.push(...(await measureKind(kind, options)));
    return rows;
  },
};

async function measureKind(kind: Kind, options: SuiteOptions): Promise<readonly BenchRow[]> {
  options.progress(`building: ${kind.name}`);
  await using bed = await RecoveryBed.build(kind);
  const rounds = Math.min(options.quick ? ROUNDS.quick : ROUNDS.full, kind.most ?? ROUNDS.full);
  const found = new Map<Failure, Recovery[]>(kind.failures.map((failure) => [failure, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [failure, recoveries] of found) {
      options.signal?.throwIfAborted();
      options.progress(`${kind.name}, ${failure.name}, ${round} of ${rounds}`);
      if (kind.forgets) await bed.forgetFailures();
      recoveries.push(await recoverOnce(bed, failure));
    }
  }
  return [...found].flatMap(([failure, recoveries]) =>
    recoveryRows(`${kind.name}: ${failure.name}`, recoveries, kind.aims(failure)),
  );
}

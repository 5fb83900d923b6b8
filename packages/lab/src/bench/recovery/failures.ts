import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { DomainView } from "@gona/api";
import { crashDomain, processOf } from "../../bed/domain-crash.ts";
import { domainNetns } from "../../bed/lab-paths.ts";
import { signal } from "../../bed/process-identity.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import { domainOf } from "./recover-once.ts";
import { DOMAIN, NIC, type RecoveryBed } from "./recovery-bed.ts";

/** One way to fail, and how one sees that it is over. */
export interface Failure {
  readonly name: string;
  /** What carries packets goes on: nobody is to notice. */
  readonly unnoticed: boolean;
  readonly strike: (at: RecoveryBed) => Promise<Struck>;
  /** Beside that the domain works: what this failure took is there again. */
  readonly mended: (at: RecoveryBed, before: DomainView) => Promise<boolean>;
}

export interface Struck {
  /** From when on recovery is counted, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Settles when traffic by the NIC can only be that of the recovered domain. */
  readonly lossSeen?: (before: DomainView) => Promise<void>;
}

const WITHIN_MS = 60_000;
/** How long a NIC stays away that is to come back. */
const AWAY_MS = 300;

const restarted = async (at: RecoveryBed, before: DomainView): Promise<boolean> =>
  (await domainOf(at)).restarts > before.restarts;

/** Its process fails in this way; `unnoticed`: as with a Failure. */
const processFailure = (name: string, by: "SIGKILL" | "SIGSTOP", unnoticed: boolean): Failure => ({
  name,
  unnoticed,
  strike: async (at) => {
    const process = await processOf(at.bed, at.daemon, DOMAIN);
    const sinceMs = Date.now();
    signal(process, by);
    if (unnoticed) return { sinceMs };
    return {
      sinceMs,
      lossSeen: async (before) => {
        const lost = async (): Promise<true | undefined> => ((await restarted(at, before)) ? true : undefined);
        await waitUntil("the daemon knows of the loss", lost, { withinMs: WITHIN_MS, everyMs: 5 });
      },
    };
  },
  mended: restarted,
});

const nameDeleted: Failure = {
  name: "the namespace's name deleted",
  unnoticed: true,
  strike: async (at) => {
    const sinceMs = Date.now();
    await crashDomain(at.bed, at.daemon, DOMAIN, "name-deleted");
    return { sinceMs };
  },
  mended: async ({ bed }) => existsSync(`/run/netns/${domainNetns(bed.plan.lab, DOMAIN)}`),
};

/** The NIC is away for a moment; recovery is counted from its return. */
const driverUnbound: Failure = {
  name: "driver unbound, and bound again",
  unnoticed: false,
  strike: async ({ bed }) => {
    await bed.unplug(NIC);
    await delay(AWAY_MS);
    return { sinceMs: await bed.plug(NIC) };
  },
  mended: async () => true,
};

/** Its spare takes over: another machine is at work, and in the end yet another stands by. */
const sparedFailure = (name: string, by: "SIGKILL" | "SIGSTOP"): Failure => {
  const isAnother = async (at: RecoveryBed, before: DomainView): Promise<true | undefined> => {
    const { pid } = await domainOf(at);
    return pid !== null && pid !== undefined && pid !== before.pid ? true : undefined;
  };
  return {
    name,
    unnoticed: false,
    strike: async (at) => {
      const process = await processOf(at.bed, at.daemon, DOMAIN);
      const sinceMs = Date.now();
      signal(process, by);
      const lossSeen = async (before: DomainView): Promise<void> => {
        await waitUntil("a spare takes over", () => isAnother(at, before), { withinMs: WITHIN_MS, everyMs: 5 });
      };
      return { sinceMs, lossSeen };
    },
    mended: async (at, before) => (await isAnother(at, before)) === true && (await domainOf(at)).spare === "ready",
  };
};

export const SPARED_FAILURES: readonly Failure[] = [
  sparedFailure("machine killed", "SIGKILL"),
  sparedFailure("machine hung", "SIGSTOP"),
];

/** Without a spare another machine has to boot. */
export const MACHINE_FAILURES: readonly Failure[] = [processFailure("machine killed", "SIGKILL", false)];

export const NETNS_FAILURES: readonly Failure[] = [
  processFailure("agent killed", "SIGKILL", true),
  processFailure("agent hung", "SIGSTOP", true),
  nameDeleted,
  driverUnbound,
];

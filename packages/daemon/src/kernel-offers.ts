import { offersQdisc } from "@gona/kernel";
import { FQ_CODEL_TRIAL } from "./fq-codel-trial.ts";

/** What the running kernel has that GONA uses where it is there. */
export interface KernelOffers {
  /** Keeps latency goals. */
  readonly fqCodel: boolean;
}

/**
 * Tries it out. `without`: names of what is not to be used all the same, separated by commas (GONA_WITHOUT=fq_codel,
 * to compare the two ways of keeping a goal on one machine).
 */
export function kernelOffers(without = process.env.GONA_WITHOUT ?? ""): KernelOffers {
  const unwanted = without.split(",");
  return { fqCodel: !unwanted.includes("fq_codel") && offersFqCodel() };
}

const offersFqCodel = (): boolean => offersQdisc(FQ_CODEL_TRIAL);

import type { BalanceBed } from "./balance-bed.ts";
import { FLOW_PORT, GUEST, GUEST_ADDRESS, peerAddress, type Shape, type Variant } from "./balance-spec.ts";
import type { Ends } from "./flow-plan.ts";
import type { Figure } from "./results.ts";

/** What is measured of one variant in one round. */
export interface BalanceCase {
  readonly name: string;
  readonly variants: readonly Variant[];
  /** Those that it means something for; absent: EQUAL and UNEQUAL. */
  readonly shapes?: readonly Shape[];
  /** `round`: the same seed and ports for each variant of a round. */
  measure(bed: BalanceBed, round: number, times: Times): Promise<readonly Figure[]>;
}

export interface Times {
  readonly quick: boolean;
  readonly signal?: AbortSignal;
}

/** As milliseconds. */
export const seconds = ({ quick }: Times, full: number, short: number): number => (quick ? short : full) * 1000;

/** Of what each slice carried in the seconds of a window. */
export const meanRates = (looks: readonly (readonly number[])[]): readonly number[] =>
  (looks[0] ?? []).map((_, slice) => mean(looks.map((rates) => rates[slice] ?? 0)));

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** Ports of one round: another round hashes other flows. */
export const firstPort = (round: number): number => 20_000 + (round % 4) * 10_000;

/** From the guest to the receiver at the first peer. */
export const flowEnds = (bed: BalanceBed, round: number): Ends => ({
  netns: bed.bed.station(GUEST).netns,
  from: GUEST_ADDRESS,
  fromPort: firstPort(round),
  to: peerAddress(0),
  port: FLOW_PORT,
  seed: round + 1,
});

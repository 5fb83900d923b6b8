import type { Load } from "./load.ts";
import { spreadItems } from "./spread-items.ts";

/** Who sends to a vif from the wire. */
export interface Peer {
  readonly vlan: number;
  readonly mac: string;
  /** Number of the slice that its frames come in by. */
  readonly at: number;
  readonly bytesPerSecond: number;
  /** It was told another MAC a moment ago, or does not heed what it is told. */
  readonly rests: boolean;
}

export interface PeerMove {
  readonly peer: Peer;
  readonly to: number;
}

export interface Steered {
  readonly moves: readonly PeerMove[];
  readonly before: Load;
  readonly after: Load;
}

/** Spread that is let be: peers are few, and each that is told costs frames of everybody's attention. */
const TRIGGER = 0.1;
const SPREAD_GAIN = 0.2;
const PEAK_GAIN = 0.05;
/** 1 Mbit/s. */
const LEAST_BYTES_PER_S = 125_000;

/**
 * The fewest peers to tell another slice's MAC, so that what comes in uses the slices alike. `capacities`:
 * bytes/s that may come in by each slice number, 0: none.
 */
export function steer(peers: readonly Peer[], capacities: readonly number[]): Steered {
  const items = peers.map(({ at, bytesPerSecond, rests }, id) => ({ id, at, rate: bytesPerSecond, fixed: rests }));
  const { at, before, after } = spreadItems({ items, capacities });
  const gains = after.spread <= before.spread * (1 - SPREAD_GAIN) || after.peak <= before.peak * (1 - PEAK_GAIN);
  if (before.total < LEAST_BYTES_PER_S || before.spread <= TRIGGER || !gains)
    return { moves: [], before, after: before };
  const moves = peers.flatMap((peer, place) => {
    const to = at[place] as number;
    return to === peer.at || peer.bytesPerSecond === 0 ? [] : [{ peer, to }];
  });
  return { moves, before, after };
}

/** Entries of gona_paths; GONA_PATHS. */
const PATHS = 65_536;
/** 2^32 over the golden ratio; GONA_HASH_FRACTION. */
const HASH_FRACTION = 0x9e3779b1;

/** Where the packet path remembers a flow, and by which number it tells that the place is this flow's. */
export interface PathPlace {
  readonly index: number;
  readonly check: number;
}

/** The same as bpf/lib/path.h reckons, from flowHash() and the slot of the vif. */
export function pathPlace(hash: number, vifSlot: number): PathPlace {
  // 0 stands for a place that is free.
  const check = (hash ^ Math.imul(vifSlot + 1, HASH_FRACTION)) >>> 0 || 1;
  return { index: check % PATHS, check };
}

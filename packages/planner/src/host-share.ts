import {
  type BitsPerSecond,
  defaultHostReserve,
  type NicSpec,
  type SliceShare,
  shares,
  subtractRates,
} from "@gona/model";

const HOST_SHARES = shares(100);

/** What the host's own and management traffic has on a NIC, each way. */
export const hostShare = (nic: NicSpec): SliceShare =>
  nic.host ?? { reserve: defaultHostReserve(nic.capacity), limit: nic.capacity, shares: HOST_SHARES };

/** What the reservations of guests may add up to on a NIC, each way. */
export const roomFor = (nic: NicSpec): BitsPerSecond => subtractRates(nic.capacity, hostShare(nic).reserve);

import {
  type BitsPerSecond,
  defaultHostReserve,
  type NicSpec,
  type SliceShare,
  shares,
  subtractRates,
} from "@gona/model";
import type { Direction } from "./direction.ts";
import { ingressRoom } from "./ingress-plan.ts";

const HOST_SHARES = shares(100);

/** What the host's own and management traffic has on a NIC, on the way out; what comes in for it is not shaped. */
export const hostShare = (nic: NicSpec): SliceShare =>
  nic.host ?? { reserve: defaultHostReserve(nic.capacity), limit: nic.capacity, shares: HOST_SHARES };

/** What the reservations of guests may add up to on a NIC. */
export const roomFor = (nic: NicSpec, direction: Direction): BitsPerSecond =>
  direction === "ingress" ? ingressRoom(nic) : subtractRates(nic.capacity, hostShare(nic).reserve);

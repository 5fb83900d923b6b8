import type { NicId } from "@gona/model";
import { stableHash } from "./stable-hash.ts";

/**
 * The MAC that a guest shows on one NIC: locally administered, unicast, the same for the same guest
 * MAC and NIC name on every host and in every release. `attempt` counts up from 0 where the one
 * before is taken in the fabric.
 */
export function sliceMac(guestMac: string, nic: NicId, attempt = 0): string {
  const digits = stableHash(attempt === 0 ? `${guestMac} ${nic}` : `${guestMac} ${nic} ${attempt}`);
  // Bit 1 of the first byte: locally administered; bit 0 clear: unicast.
  const first = ((Number.parseInt(digits.slice(0, 2), 16) & 0xfc) | 0x02).toString(16).padStart(2, "0");
  return `${first}:${digits.slice(2, 4)}:${digits.slice(4, 6)}:${digits.slice(6, 8)}:${digits.slice(8, 10)}:${digits.slice(10, 12)}`;
}

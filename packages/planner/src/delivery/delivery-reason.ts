import type { NicId } from "@gona/model";
import type { Direction } from "./direction.ts";

/** Why a slice carried what it did and no more. */
export type DeliveryReason =
  /** Less was sent than the slice may carry. */
  | { readonly kind: "guest" }
  /** Sent faster than the slice may carry, but not all the time. */
  | { readonly kind: "bursts" }
  | { readonly kind: "limit" }
  /** The NIC is full, and others have their part of it. */
  | { readonly kind: "saturated" }
  /** The limit over all NICs holds it. */
  | { readonly kind: "cap" }
  /** NICs of the vif carry nothing, and the others are not enough. */
  | { readonly kind: "nic-lost"; readonly nics: readonly NicId[] }
  /** It waited, with room on the NIC and below its limit: a slower wire, or too busy a machine. */
  | { readonly kind: "behind" };

export type DeliveryReasonKind = DeliveryReason["kind"];

/** Where the fault is the sender's nothing that was promised is missing. */
export const isOwnDoing = ({ kind }: DeliveryReason): boolean => kind === "guest" || kind === "bursts";

/** In words, for people. */
export function describeReason(reason: DeliveryReason, nic: NicId, direction: Direction): string {
  switch (reason.kind) {
    case "guest":
      return direction === "egress" ? "the guest sent less" : "less came for the guest";
    case "bursts":
      return "in bursts above its limit";
    case "limit":
      return "at its limit";
    case "saturated":
      return `NIC ${nic} saturated`;
    case "cap":
      return "held by the aggregate's cap";
    case "nic-lost":
      return `degraded: NIC ${reason.nics.join(", ")} lost`;
    case "behind":
      return `NIC ${nic} or this machine did not keep up`;
  }
}

/** Seen from the guest: egress is what it sends. */
export type Direction = "egress" | "ingress";
export const DIRECTIONS: readonly Direction[] = ["egress", "ingress"];

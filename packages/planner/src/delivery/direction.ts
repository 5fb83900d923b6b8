/** Egress: guest to wire. Ingress: wire to guest. */
export type Direction = "egress" | "ingress";

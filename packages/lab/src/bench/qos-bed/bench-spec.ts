/** A GONA spec of a bench: NICs of one fabric, and guests that are numbered. Rates as in a spec, `100Mbit`. */
export interface BenchSpec {
  readonly nics: readonly BenchNic[];
  readonly guests: readonly BenchGuest[];
}

export interface BenchNic {
  readonly name: string;
  readonly capacity: string;
  /** Of the host's own traffic; absent: as the language has it. */
  readonly host?: BenchShare;
}

export interface BenchGuest {
  readonly name: string;
  /** As in the spec's language. */
  readonly aggregate: {
    readonly slices: readonly {
      readonly nic: string;
      readonly egress?: BenchShare;
      readonly ingress?: BenchShare;
    }[];
    readonly [more: string]: unknown;
  };
}

export interface BenchShare {
  readonly reserve?: string;
  readonly limit?: string;
  readonly shares?: number;
}

export const PEER_ADDRESS = "10.0.255.1";
const PREFIX = 16;

/** 10.0.0.1 and up. */
export const guestAddress = (guest: number): string => `10.0.${(guest + 1) >> 8}.${(guest + 1) & 255}`;
export const guestMac = (guest: number): string =>
  `52:54:00:01:${[(guest + 1) >> 8, (guest + 1) & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
/** The hub's end of its link. */
export const guestDevice = (guest: number): string => `vm${guest}`;

/** JSON, which is YAML. */
export const specText = ({ nics, guests }: BenchSpec): string =>
  JSON.stringify({
    apiVersion: "gona/v1",
    nics: nics.map((nic) => ({ fabric: "rack", ...nic })),
    guests: guests.map(({ name, aggregate }, index) => ({
      name,
      vif: { device: guestDevice(index), mac: guestMac(index), addresses: [guestAddress(index)] },
      aggregate: { balance: "hash", ...aggregate },
    })),
  });

/** Sequence probes of guest 0, by name: what it sends and what it gets. */
export const PROBES = { egress: "out", ingress: "in" } as const;
export const PROBES_PER_SECOND = 4000;

/** The bed of such a spec: one peer behind the switch, and probes between it and the first guest. */
export const scenarioText = (spec: BenchSpec): string => `
apiVersion: gona-lab/v1
title: A bench of shaping
spec: ${specText(spec)}
peers: [{ name: peer, fabric: rack, addresses: [${PEER_ADDRESS}/${PREFIX}] }]
addresses: ${JSON.stringify(Object.fromEntries(spec.guests.map(({ name }, index) => [name, [`${guestAddress(index)}/${PREFIX}`]])))}
traffic:
  - { name: ${PROBES.egress}, kind: probe, from: ${spec.guests[0]?.name}, to: peer, perSecond: ${PROBES_PER_SECOND} }
  - { name: ${PROBES.ingress}, kind: probe, from: peer, to: ${spec.guests[0]?.name}, perSecond: ${PROBES_PER_SECOND} }
`;

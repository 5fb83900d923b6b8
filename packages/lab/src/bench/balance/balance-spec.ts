/** NICs under test, and beside them one of the summed rate. */
export interface Shape {
  readonly name: string;
  readonly megabits: readonly number[];
}

export const EQUAL: Shape = { name: "2 x 1 Gbit/s", megabits: [1000, 1000] };
/** 1G + 10G scaled to what two cores carry: the ratio is what matters to a balancer. */
export const UNEQUAL: Shape = { name: "0.1 + 1 Gbit/s", megabits: [100, 1000] };

/** Slow enough that a machine of two cores is never late with sending what waits: for order alone. */
export const SLOW: Shape = { name: "0.1 + 0.3 Gbit/s", megabits: [100, 300] };

/** How the guest's flows are put on NICs. */
export type Variant = "flowlet" | "hash" | "stripe" | "one NIC";

/** What no balancer can beat: every flow may use all of the sum. */
export const BEST: Variant = "one NIC";

export const GUEST = "guest0";
export const GUEST_ADDRESS = "10.0.0.11";
export const PEERS = 8;
export const peerName = (peer: number): string => `peer${peer}`;
export const peerAddress = (peer: number): string => `10.0.0.${101 + peer}`;
export const FLOW_PORT = 5001;
/** Of packages/lab/src/bench/load: long flows. */
export const LOAD_PORT = 5002;

export const sumMegabits = ({ megabits }: Shape): number => megabits.reduce((sum, rate) => sum + rate, 0);
const slicesUnderTest = ({ megabits }: Shape): readonly string[] => megabits.map((_, index) => `eth${index + 1}`);
const wideNic = ({ megabits }: Shape): string => `eth${megabits.length + 1}`;

/** NICs that the guest has slices of, with their rates in bit/s. */
export function slicesOf(shape: Shape, variant: Variant): readonly { readonly nic: string; readonly limit: number }[] {
  if (variant === BEST) return [{ nic: wideNic(shape), limit: sumMegabits(shape) * 1e6 }];
  return slicesUnderTest(shape).map((nic, index) => ({ nic, limit: (shape.megabits[index] ?? 0) * 1e6 }));
}

/** JSON, which is YAML. The same host for every variant; only the guest's aggregate differs. */
export const balanceSpec = (shape: Shape, variant: Variant): string =>
  JSON.stringify({
    apiVersion: "gona/v1",
    nics: [...slicesUnderTest(shape), wideNic(shape)].map((name, index) => ({
      name,
      capacity: `${shape.megabits[index] ?? sumMegabits(shape)}Mbit`,
      fabric: "rack",
      // The guest is to have all of the NIC; the host has next to nothing to send here.
      host: { reserve: "1Mbit", shares: 1 },
    })),
    guests: [
      {
        name: GUEST,
        vif: { device: "vm-guest0", mac: "52:54:00:00:00:11", addresses: [GUEST_ADDRESS] },
        aggregate: {
          slices: slicesOf(shape, variant).map(({ nic, limit }) => ({
            nic,
            egress: { limit: `${limit / 1e6}Mbit` },
            ingress: { limit: `${limit / 1e6}Mbit` },
          })),
          balance: variant === BEST ? "hash" : variant,
        },
      },
    ],
  });

export const balanceScenario = (shape: Shape): string => `
apiVersion: gona-lab/v1
title: A guest with slices of two NICs
spec: ${balanceSpec(shape, "hash")}
peers: ${JSON.stringify(Array.from({ length: PEERS }, (_, peer) => ({ name: peerName(peer), fabric: "rack", addresses: [`${peerAddress(peer)}/24`] })))}
`;

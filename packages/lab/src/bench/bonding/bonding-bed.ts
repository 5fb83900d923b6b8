import { LabBed } from "../../bed/lab-bed.ts";
import { benchScenario } from "../bench-scenario.ts";

export const NICS = ["eth1", "eth2"] as const;
/** The hub's end of the guest's link. */
export const VIF = "vm-guest";
export const GUEST_ADDRESS = "10.0.0.11";
/** Flows of each load; all of them together are far below one NIC. */
const FLOWS = 16;
const FLOW_KBIT = 100;

export const PEERS = [0, 1, 2, 3].map((index) => ({ name: `peer${index}`, address: `10.0.0.${100 + index}` }));

const load = (from: string, to: string): string =>
  `{ name: ${from}-${to}, kind: udp, from: ${from}, to: ${to}, rate: ${FLOWS * FLOW_KBIT}kbit, datagramBytes: 500, flows: ${FLOWS} }`;

/** Names of the loads from or to all peers. */
export const LOADS = {
  egress: PEERS.map(({ name }) => `guest-${name}`),
  ingress: PEERS.map(({ name }) => `${name}-guest`),
} as const;

export type Balance = "flowlet" | "hash";

const scenario = (balance: Balance): string => `
apiVersion: gona-lab/v1
title: One guest on two NICs of a plain switch
spec:
  apiVersion: gona/v1
  nics:
${NICS.map((nic) => `    - { name: ${nic}, capacity: 1Gbit, fabric: rack, failback: 500ms }`).join("\n")}
  guests:
    - name: guest
      vif: { device: ${VIF}, mac: "52:54:00:00:00:11", addresses: [${GUEST_ADDRESS}] }
      aggregate:
        slices: [${NICS.map((nic) => `{ nic: ${nic} }`).join(", ")}]
        balance: ${balance}
peers:
${PEERS.map(({ name, address }) => `  - { name: ${name}, fabric: rack, addresses: [${address}/24] }`).join("\n")}
traffic:
${PEERS.flatMap(({ name }) => [load("guest", name), load(name, "guest")])
  .map((line) => `  - ${line}`)
  .join("\n")}
`;

/** Two NICs and four peers on one plain switch, one guest; nothing joins them yet. `balance`: of GONA's spec for it. */
export const buildBondingBed = (balance: Balance): Promise<LabBed> =>
  LabBed.build(benchScenario("bench-bonding", scenario(balance)));

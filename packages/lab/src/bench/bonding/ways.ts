import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import type { LabBed } from "../../bed/lab-bed.ts";
import { ipBatch } from "../../bed/run-command.ts";
import { type Balance, NICS, VIF } from "./bonding-bed.ts";

/** One way to give a guest both NICs. */
export interface Way {
  readonly name: string;
  /** Of the spec that GONA would be given. */
  readonly balance: Balance;
  /** Joins the guest's link and the NICs of a bed that is built; settles when traffic can flow. */
  readonly join: (bed: LabBed) => Promise<void>;
}

/** As the documentation of Linux bonding advises: miimon 100 ms; what it leaves open stays the kernel's default. */
const bond = (mode: string, options = ""): Way => ({
  name: `bond ${mode}`,
  balance: "hash",
  join: async ({ plan: { hub } }) => {
    await ipBatch(hub, [
      `link add bond0 type bond mode ${mode} miimon 100${options}`,
      "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
      // A NIC joins a bond while it is down; the bond sets it up.
      ...NICS.flatMap((nic) => [`link set ${nic} down`, `link set ${nic} master bond0`]),
      "link set bond0 up",
      "link set bond0 master br0",
      `link set ${VIF} master br0`,
      "link set br0 up",
    ]);
  },
});

const gona = (balance: Balance): Way => ({
  name: `GONA, balance: ${balance}`,
  balance,
  join: async (bed) => void (await DaemonUnderTest.start(bed)),
});

/** The first is what the others are told in parts of. */
export const WAYS: readonly Way[] = [
  gona("flowlet"),
  gona("hash"),
  bond("active-backup"),
  bond("balance-xor", " xmit_hash_policy layer3+4"),
  bond("balance-alb"),
];

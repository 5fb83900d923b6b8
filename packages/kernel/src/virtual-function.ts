/** `auto`: as the NIC's own link is. */
export type VfLinkState = "auto" | "enable" | "disable";

/** An SR-IOV virtual function as its NIC holds it (IFLA_VF_INFO). */
export interface VfState {
  /** From 0. */
  readonly vf: number;
  /** All zeros: the guest's driver chooses. */
  readonly mac: string;
  /** 0: none, the guest may tag by itself. */
  readonly vlan: number;
  readonly rate: VfRate;
  /** Frames from another MAC are dropped. */
  readonly spoofCheck: boolean;
  readonly linkState: VfLinkState;
  /** The guest's driver may change MAC and be promiscuous. */
  readonly trust: boolean;
}

/** Of what the guest sends; whole Mbit/s, u32; 0: none. */
export interface VfRate {
  readonly minMegabits: number;
  readonly maxMegabits: number;
}

/** What is to change of a virtual function. */
export type VfChange = Pick<VfState, "vf"> & Partial<Omit<VfState, "vf">>;

/** As a driver makes it: what a virtual function goes back to that nobody has. */
export const PRISTINE_VF: Omit<VfState, "vf"> = {
  mac: "00:00:00:00:00:00",
  vlan: 0,
  rate: { minMegabits: 0, maxMegabits: 0 },
  spoofCheck: true,
  linkState: "auto",
  trust: false,
};

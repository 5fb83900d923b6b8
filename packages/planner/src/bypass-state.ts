import type { BitsPerSecond, MacvtapMode, NicId } from "@gona/model";
import type { MayBeStale } from "./hub-state.ts";

/** What gives a vif a device of its own on a NIC. */
export type BypassPath = MacvtapLink | VfSettings;

/** What a macvtap is made for: another NIC or mode is another link under the same name, on which all is set anew. */
export interface MacvtapPlace {
  readonly nic: NicId;
  readonly mode: MacvtapMode;
}

/** A macvtap in the hub, which a hypervisor opens. It is set up when the vif's filter stands, and down when that goes. */
export interface MacvtapLink extends MacvtapPlace, MayBeStale {
  readonly kind: "macvtap";
  readonly device: string;
  readonly mac: string;
}

/** What a NIC holds of one of its virtual functions. */
export interface VfSettings extends MayBeStale {
  readonly kind: "sriov";
  readonly nic: NicId;
  readonly vf: number;
  readonly mac: string;
  /** 0: none. */
  readonly vlan: number;
  /** Frames from another MAC are dropped; where they are not, the guest may change its MAC, too. */
  readonly checkMac: boolean;
  /** What the NIC assures it, whole Mbit/s; 0 where limits alone keep every reservation. */
  readonly reserve: BitsPerSecond;
  /** Whole Mbit/s. */
  readonly limit: BitsPerSecond;
}

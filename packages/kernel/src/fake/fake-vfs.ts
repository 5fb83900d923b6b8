import { parseMac } from "../netlink/link-codec.ts";
import { PRISTINE_VF, type VfChange, type VfState } from "../virtual-function.ts";
import { Refusal } from "./refusal.ts";

/** Drivers whose rules the fake keeps, by their ndo_set_vf_*. */
export type FakeVfDriver = "mlx5_core" | "ixgbe" | "i40e";

export interface FakeVfsOptions {
  readonly driver: FakeVfDriver;
  /** Enabled ones (sriov_numvfs). */
  readonly enabled: number;
  /** Of the NIC's link, which ixgbe looks at. 10,000 unless given. */
  readonly linkMegabits?: number;
}

/**
 * The virtual functions of a NIC of the fake kernel. As rtnetlink does it, a change is handed to the driver in pieces,
 * in one order: MAC, VLAN, rate, spoof check, link state, trust; what was taken before a refusal stays.
 */
export class FakeVfs {
  readonly #options: FakeVfsOptions;
  readonly #vfs: VfState[];

  constructor(options: FakeVfsOptions) {
    this.#options = options;
    this.#vfs = Array.from({ length: options.enabled }, (_, vf) => ({ vf, ...PRISTINE_VF }));
  }

  states(): readonly VfState[] {
    return [...this.#vfs];
  }

  /** `isUp`: the NIC's link. */
  set({ vf, mac, vlan, rate, spoofCheck, linkState, trust }: VfChange, isUp: boolean): void {
    const found = this.#vfs[vf];
    if (found === undefined) throw new Refusal("EINVAL", "Invalid argument");
    if (mac !== undefined) this.#put({ ...found, mac: this.#macOf(mac) });
    if (vlan !== undefined) {
      if (vlan > 4095) throw new Refusal("EINVAL", "Invalid argument");
      this.#put({ ...this.#at(vf), vlan });
    }
    if (rate !== undefined) {
      this.#checkRate(rate, isUp);
      this.#put({ ...this.#at(vf), rate: { ...rate } });
    }
    if (spoofCheck !== undefined) this.#put({ ...this.#at(vf), spoofCheck });
    if (linkState !== undefined) this.#put({ ...this.#at(vf), linkState });
    if (trust !== undefined) this.#put({ ...this.#at(vf), trust });
  }

  #macOf(mac: string): string {
    const bytes = parseMac(mac);
    if (((bytes[0] ?? 0) & 1) !== 0) throw new Refusal("EINVAL", "Invalid argument");
    return mac.toLowerCase();
  }

  #checkRate({ minMegabits, maxMegabits }: VfState["rate"], isUp: boolean): void {
    const { driver, linkMegabits = 10_000 } = this.#options;
    const refused =
      // rtnetlink's own: max is not below min (do_setvfinfo).
      (maxMegabits !== 0 && minMegabits > maxMegabits) ||
      (driver !== "mlx5_core" && minMegabits !== 0) ||
      (driver === "ixgbe" &&
        (!isUp ||
          linkMegabits !== 10_000 ||
          (maxMegabits !== 0 && (maxMegabits <= 10 || maxMegabits > linkMegabits)))) ||
      (driver === "i40e" && maxMegabits > linkMegabits);
    if (refused) throw new Refusal("EINVAL", "Invalid argument");
  }

  #at(vf: number): VfState {
    return this.#vfs[vf] as VfState;
  }

  #put(state: VfState): void {
    this.#vfs[state.vf] = state;
  }
}

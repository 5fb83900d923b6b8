import { runCommand } from "../../bed/run-command.ts";
import { guestMac } from "../qos-bed/bench-spec.ts";
import { QosBed } from "../qos-bed/qos-bed.ts";
import { CAPACITY_MEGABITS, type SharingCase } from "./cases.ts";
import { sharingSpec } from "./sharing-spec.ts";

const NIC = "eth1";

/** A bridge, HTB with bursts and quanta as tc chooses, and a filter by the guest's MAC. */
export class HtbSharer implements AsyncDisposable {
  readonly bed: QosBed;

  private constructor(bed: QosBed) {
    this.bed = bed;
  }

  static async build(guests: number): Promise<HtbSharer> {
    return new HtbSharer(await QosBed.bridged("bench-htb-share", sharingSpec([], guests), "one"));
  }

  /** A class for each guest: its reservation, or its weight's part of what is not reserved; all may borrow all. */
  async set({ guests }: SharingCase): Promise<void> {
    const whole = CAPACITY_MEGABITS * 1e6;
    const reserved = guests.map(({ share }) => Number.parseFloat(share.reserve ?? "0") * 1e6);
    const free = whole - reserved.reduce((sum, rate) => sum + rate, 0);
    const weights = guests.map(({ share }) => share.shares ?? 100);
    const weight = weights.reduce((sum, value) => sum + value, 0);
    const lines = [
      `qdisc replace dev ${NIC} root handle 1: htb`,
      `class add dev ${NIC} parent 1: classid 1:1 htb rate ${whole}bit`,
      ...guests.flatMap((_, guest) => {
        const rate = Math.floor((reserved[guest] ?? 0) + (free * (weights[guest] ?? 0)) / weight);
        const [high, low] = macWords(guestMac(guest));
        return [
          `class add dev ${NIC} parent 1:1 classid 1:${(guest + 16).toString(16)} htb rate ${rate}bit ceil ${whole}bit`,
          `filter add dev ${NIC} parent 1: protocol all prio 1 u32 match u32 ${high} 0xffffffff at -8 match u16 ${low} 0xffff at -4 flowid 1:${(guest + 16).toString(16)}`,
        ];
      }),
    ];
    await runCommand("tc", ["-n", this.bed.hub, "qdisc", "delete", "dev", NIC, "root"]).catch(() => undefined);
    await runCommand("tc", ["-n", this.bed.hub, "-batch", "-"], `${lines.join("\n")}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bed[Symbol.asyncDispose]();
  }
}

/** The first four and the last two bytes, as u32 matches want them. */
function macWords(mac: string): [high: string, low: string] {
  const hex = mac.replaceAll(":", "");
  return [`0x${hex.slice(0, 8)}`, `0x${hex.slice(8)}`];
}

import { type Kernel, type KernelOp, makePersistentTap } from "@gona/kernel";
import {
  CABLE_PREFIXES,
  type DomainId,
  MACHINE_JOINT_PREFIX,
  MACHINE_LABEL,
  MACHINE_TRUNK_PREFIXES,
  type MachineDevice,
  type NicId,
  TRUNK_PREFIX,
} from "@gona/model";
import { stableHash, trunkEnds } from "@gona/planner";
import { DEVICE_MODELS, type MachineNic } from "@gona/vm";
import type { Crossings, Ways } from "./crossings.ts";
import { type Rehearsed, rehearse } from "./rehearsal.ts";

/** A domain has one machine, and with a spare two. */
export type Unit = "a" | "b";
export const UNITS: readonly Unit[] = ["a", "b"];

export interface MachineLinksOptions {
  readonly domain: DomainId;
  readonly device: Exclude<MachineDevice, "vfio">;
  /** Whether there are two machines, and a pair of links before their trunks. */
  readonly spare: boolean;
  /** Of the hub. */
  readonly kernel: Kernel;
  readonly crossings: Crossings;
}

const QUEUE_PACKETS = 1000;

/**
 * The links of a domain's machines in the hub, NIC by NIC. Without a spare, the trunk's tap stands for the NIC wholly,
 * and the cable's tap is crossed with the NIC's link. With one, a veth pair stands for the NIC, and its far end is
 * crossed with the trunks' taps of both machines, as the NIC with the cables': what lives gets the frames.
 */
export class MachineLinks {
  readonly #options: MachineLinksOptions;

  constructor(options: MachineLinksOptions) {
    this.#options = options;
  }

  /** Taps of one machine for a NIC. */
  taps(nic: NicId, unit: Unit): { readonly trunk: string; readonly cable: string } {
    const rest = restOf(nic);
    const trunk = this.#options.spare ? `${MACHINE_TRUNK_PREFIXES[unit]}${rest}` : trunkEnds(nic).device;
    return { trunk, cable: `${CABLE_PREFIXES[unit]}${rest}` };
  }

  /** Undefined while the NIC's link is not there. */
  machineNic(nic: NicId, unit: Unit): MachineNic | undefined {
    const link = this.#options.kernel.link(nic);
    if (link === undefined) return undefined;
    const { trunk, cable } = this.taps(nic, unit);
    const { device: model } = this.#options;
    const mtu = Math.min(link.mtu, DEVICE_MODELS[model].maxMtu);
    return {
      id: idOf(nic),
      trunk: { tap: trunk, mac: macOf(nic, "trunk") },
      device: { tap: cable, mac: macOf(nic, "device"), model },
      mtu,
    };
  }

  /** Makes what is missing of a NIC's links. Throws KernelError. */
  async ensure(nic: NicId): Promise<void> {
    const { kernel, spare } = this.#options;
    const link = kernel.link(nic);
    if (link === undefined) return;
    const { device } = trunkEnds(nic);
    const joint = jointOf(nic);
    const { mac, mtu } = link;
    const there = kernel.link(device);
    if (there !== undefined && (there.kind === "veth") !== spare)
      await kernel.run([{ op: "linkDelete", link: device }]);
    if (spare && kernel.link(device) === undefined) {
      await kernel.run([
        { op: "vethPairCreate", link: device, peer: joint, mtu },
        { op: "linkSet", link: device, alias: this.#label(nic), mac },
        { op: "linkSet", link: joint, alias: this.#label(nic) },
      ]);
    }
    for (const unit of this.units) {
      const { trunk, cable } = this.taps(nic, unit);
      for (const tap of [trunk, cable]) {
        if (kernel.link(tap) !== undefined) continue;
        makePersistentTap(tap, { quiet: tap !== device });
        const set: KernelOp = { op: "linkSet", link: tap, alias: this.#label(nic), mtu, up: true };
        const stands = { op: "linkSet", link: tap, mac } as const;
        await kernel.run([{ ...set, txQueueLength: QUEUE_PACKETS }, ...(tap === device ? [stands] : [])]);
      }
    }
    await kernel.run([{ op: "linkSet", link: nic, up: true, promiscuous: true }]);
  }

  /** There is a machine at work: leads a NIC's frames to it. Throws KernelError. */
  async join(nic: NicId, active: Unit): Promise<void> {
    const { kernel } = this.#options;
    if (kernel.link(nic) === undefined) return;
    await this.lead(nic, active);
    await kernel.run([{ op: "linkSet", link: this.#gateOf(nic), up: true }]);
  }

  /** Leads a NIC's frames to the machine at work, and past it to the other one. Throws KernelError. */
  async lead(nic: NicId, active: Unit): Promise<void> {
    const { crossings, spare, kernel } = this.#options;
    if (kernel.link(nic) === undefined) return;
    const order: readonly Unit[] = active === "a" ? ["a", "b"] : ["b", "a"];
    const taps = order.filter((unit) => this.units.includes(unit)).map((unit) => this.taps(nic, unit));
    const ways = (kind: "trunk" | "cable"): Ways => {
      const [first = "", second] = taps.map((tap) => tap[kind]);
      return second === undefined ? [first] : [first, second];
    };
    const joint = jointOf(nic);
    for (const { cable } of taps) await crossings.set(cable, [nic], false);
    if (spare) {
      for (const { trunk } of taps) await crossings.set(trunk, [joint], false);
      await crossings.set(joint, ways("trunk"), true);
    }
    await crossings.set(nic, ways("cable"), true);
  }

  /**
   * Passes frames through the machine that is not at work. They go nowhere, and neither does what else comes out of it
   * until the NIC is led anew. Undefined while the NIC is not there. Throws KernelError.
   */
  async rehearse(nic: NicId, unit: Unit): Promise<Rehearsed | undefined> {
    const { crossings, kernel } = this.#options;
    if (kernel.link(nic) === undefined) return undefined;
    const { trunk, cable } = this.taps(nic, unit);
    for (const tap of [trunk, cable]) await crossings.clear(tap);
    return rehearse(trunk, cable);
  }

  /**
   * Without a machine at work nothing carries a NIC's frames: the packet path sees it, until the NIC is joined. Left to
   * themselves, a tap has a carrier as soon as a machine that boots opens it, and a pair for as long as its far end is
   * up. Throws KernelError.
   */
  async cut(nic: NicId): Promise<void> {
    const { kernel } = this.#options;
    const gate = this.#gateOf(nic);
    if (kernel.link(gate) !== undefined) await kernel.run([{ op: "linkSet", link: gate, up: false }]);
  }

  /** Takes away what is there of a NIC that the domain does not hold any more. Throws KernelError. */
  async remove(nic: NicId): Promise<void> {
    const { kernel, crossings } = this.#options;
    await crossings.clear(nic);
    if (kernel.link(nic) !== undefined) await kernel.run([{ op: "linkSet", link: nic, promiscuous: false }]);
    const labelled = this.#labelled().filter((link) => link.alias === this.#label(nic));
    // The one that stands for the NIC bears the trunk's own label once it is in use.
    for (const name of [trunkEnds(nic).device, ...labelled.map((link) => link.name)])
      if (kernel.link(name) !== undefined) await kernel.run([{ op: "linkDelete", link: name }]);
  }

  /** NICs that links of this domain are there for. */
  present(): ReadonlySet<NicId> {
    return new Set(this.#labelled().map(({ alias = "" }) => alias.slice(this.#prefix.length) as NicId));
  }

  get units(): readonly Unit[] {
    return this.#options.spare ? UNITS : ["a"];
  }

  /** While this is down, what stands for the NIC has no carrier. */
  #gateOf(nic: NicId): string {
    return this.#options.spare ? jointOf(nic) : trunkEnds(nic).device;
  }

  get #prefix(): string {
    return `${MACHINE_LABEL}${this.#options.domain} `;
  }

  #label(nic: NicId): string {
    return `${this.#prefix}${nic}`;
  }

  #labelled() {
    return this.#options.kernel.links().filter(({ alias }) => alias?.startsWith(this.#prefix) === true);
  }
}

/** Where the way to the machine at work is chosen: the other end of the pair that stands for the NIC. */
const jointOf = (nic: NicId): string => `${MACHINE_JOINT_PREFIX}${restOf(nic)}`;
/** What the names of all links of a NIC end on. */
const restOf = (nic: NicId): string => trunkEnds(nic).device.slice(TRUNK_PREFIX.length);

/** What the machine calls a NIC: names may hold what its shell minds. */
export const idOf = (nic: NicId): string => `n${stableHash(`machine ${nic}`)}`;

/** Locally administered; only the machine and its own links see it. */
function macOf(nic: NicId, what: "trunk" | "device"): string {
  const digits = stableHash(`${what} ${nic}`).slice(0, 10);
  return ["02", ...(digits.match(/../g) ?? [])].join(":");
}

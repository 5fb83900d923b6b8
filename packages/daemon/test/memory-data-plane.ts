import type { FlowPlace, PeerCount, Steer } from "@gona/dataplane";
import { KernelError } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { applySteps, EMPTY_HUB, type HubState, type Step } from "@gona/planner";
import type { DataPlane, SliceCounters } from "../src/data-plane.ts";

const NOTHING: SliceCounters = {
  txBytes: 0n,
  txPackets: 0n,
  rxBytes: 0n,
  rxPackets: 0n,
  txDrops: 0n,
  failovers: 0n,
  txCeMarks: 0n,
  rxCeMarks: 0n,
  txAqmDrops: 0n,
  rxAqmDrops: 0n,
};

/** The balancer's maps in memory; tests write what the packet path would. */
export class MemoryBalanceMaps {
  readonly seen = { tx: new Uint32Array(4096), rx: new Uint32Array(4096) };
  readonly sent = new Map<number, Float64Array>();
  readonly drains = new Map<string, number>();
  senders: readonly PeerCount[] = [];
  readonly steered = new Map<string, Steer>();
  /** By hash. */
  readonly flows = new Map<number, FlowPlace>();

  ticks = (direction: "tx" | "rx"): Uint32Array => this.seen[direction].slice();
  bucketBytes = (vifSlot: number): Float64Array | undefined => this.sent.get(vifSlot)?.slice();
  flow = (_: number, hash: number): FlowPlace | undefined => this.flows.get(hash);
  setDrain = (vifSlot: number, slice: number, bytesPerSecond: number): void => {
    this.drains.set(`${vifSlot} ${slice}`, bytesPerSecond);
  };
  clearDrains = (): void => this.drains.clear();
  peers = (): readonly PeerCount[] => this.senders;
  steers = (): readonly Steer[] => [...this.steered.values()];
  steer = (steer: Steer): void => void this.steered.set(`${steer.vifSlot} ${steer.vlan} ${steer.mac}`, steer);
  unsteer = ({ vifSlot, vlan, mac }: Omit<Steer, "slice">): void => {
    this.steered.delete(`${vifSlot} ${vlan} ${mac}`);
  };
}

/** A data plane that only remembers. Outlives controllers, as the kernel does. */
export class MemoryDataPlane implements DataPlane {
  hub: HubState = EMPTY_HUB;
  readonly log: Step[] = [];
  readonly sent: { readonly nic: NicId; readonly frame: Uint8Array }[] = [];
  observations = 0;
  readonly balance = new MemoryBalanceMaps();
  /** Called before each step; may throw, or wait. */
  beforeStep: (step: Step) => void | Promise<void> = () => {};

  /** The next step that `when` holds for is refused; `times` over. */
  failNext(when: (step: Step) => boolean, times = 1): void {
    let left = times;
    this.beforeStep = (step) => {
      if (left === 0 || !when(step)) return;
      left--;
      throw new KernelError(`${step.kind} ${step.facet} ${step.key}`, "ENOSPC", "No space left on device");
    };
  }

  observe(): HubState {
    this.observations++;
    return this.hub;
  }

  async execute(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.beforeStep(step);
      this.hub = applySteps(this.hub, [step]);
      this.log.push(step);
    }
  }

  /** How often counters of slices were read. */
  counted = 0;
  readonly #counters = new Map<string, SliceCounters>();

  /** Adds to the counters of a slice. */
  count(vifSlot: number, slice: number, bytes: { readonly txBytes?: number; readonly rxBytes?: number }): void {
    const key = `${vifSlot} ${slice}`;
    const { txBytes, rxBytes, ...rest } = this.#counters.get(key) ?? NOTHING;
    const add = (sum: bigint, more = 0) => sum + BigInt(Math.round(more));
    this.#counters.set(key, { ...rest, txBytes: add(txBytes, bytes.txBytes), rxBytes: add(rxBytes, bytes.rxBytes) });
  }

  sliceCounters = (vifSlot: number, slice: number): SliceCounters => {
    this.counted++;
    return this.#counters.get(`${vifSlot} ${slice}`) ?? NOTHING;
  };
  /** What waits in each NIC's queues. */
  readonly waiting = new Map<NicId, bigint>();
  queuedBytes = (nic: NicId): bigint => this.waiting.get(nic) ?? 0n;
  queueDrops = (): ReadonlyMap<number, bigint> => new Map();
  verdicts = (): ReadonlyMap<string, bigint> => new Map([["TO_WIRE", 5n]]);
  sendFrame(nic: NicId, frame: Uint8Array): void {
    this.sent.push({ nic, frame });
  }
}

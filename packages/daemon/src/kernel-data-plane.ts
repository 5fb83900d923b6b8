import { executeSteps, observe, readQueueCounters, readSliceCounters, readVerdicts } from "@gona/dataplane";
import { type Kernel, PacketSender } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubState, Step } from "@gona/planner";
import type { DataPlane, QueueDrops, SliceCounters } from "./data-plane.ts";

/** The data plane that stands in a kernel, real or fake. */
export class KernelDataPlane implements DataPlane {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  observe(): HubState {
    return observe(this.#kernel);
  }

  execute(steps: readonly Step[]): Promise<void> {
    return executeSteps(this.#kernel, steps);
  }

  sliceCounters(vifSlot: number, slice: number): SliceCounters {
    return readSliceCounters(this.#kernel, vifSlot, slice);
  }

  queueDrops(nic: NicId): QueueDrops {
    const { host, slices } = readQueueCounters(this.#kernel, nic);
    return { host: host.drops, slices: new Map([...slices].map(([slot, sent]) => [slot, sent.drops])) };
  }

  verdicts(): ReadonlyMap<string, bigint> {
    return new Map([...readVerdicts(this.#kernel)].map(([name, { packets }]) => [name, packets]));
  }

  sendFrames(nic: NicId, frames: readonly Uint8Array[]): void {
    using sender = PacketSender.open(nic);
    sender.sendBatch(frames);
  }
}

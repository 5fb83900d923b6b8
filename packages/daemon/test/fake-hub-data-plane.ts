import {
  BalanceMaps,
  executeSteps,
  observe,
  readQueueCounters,
  readSliceCounters,
  readVerdicts,
} from "@gona/dataplane";
import type { FakeKernel } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubState, Step } from "@gona/planner";
import type { DataPlane, SliceCounters } from "../src/data-plane.ts";

/** The real executors and observers over a kernel in memory: HubDataplane without what needs root. */
export class FakeHubDataPlane implements DataPlane {
  readonly #kernel: FakeKernel;
  readonly balance: BalanceMaps;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
    this.balance = new BalanceMaps(kernel);
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

  queueDrops(link: string): ReadonlyMap<number, bigint> {
    const { slices } = readQueueCounters(this.#kernel, link as NicId);
    return new Map([...slices].map(([slot, { drops }]) => [slot, drops]));
  }

  queuedBytes(nic: NicId): bigint {
    return [...readQueueCounters(this.#kernel, nic).slices.values()].reduce((sum, sent) => sum + sent.backlogBytes, 0n);
  }

  verdicts(): ReadonlyMap<string, bigint> {
    return new Map([...readVerdicts(this.#kernel)].map(([name, { packets }]) => [name, packets]));
  }

  /** No wire to send to. */
  sendFrame(): void {}
}

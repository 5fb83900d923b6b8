import type { BpfObject } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubState, Step } from "@gona/planner";
import type { GonaSliceCounters } from "./abi.ts";
import { BalanceMaps } from "./balance-maps.ts";
import { type CarrierSeen, watchCarriers } from "./carrier-watch.ts";
import { readQueueCounters, readSliceCounters, readVerdicts } from "./counters.ts";
import { executeSteps } from "./execute-steps.ts";
import type { HubKernel } from "./hub-kernel.ts";
import { type Neighbour, readNeighbours } from "./neighbours.ts";
import { NicSenders } from "./nic-senders.ts";
import { observe } from "./observe/observe.ts";
import { readQueueDrops } from "./queue-drops.ts";

/** A hub whose programs are loaded and whose maps are pinned. What it did stays when it is disposed of. */
export class HubDataplane implements Disposable {
  readonly kernel: HubKernel;
  readonly balance: BalanceMaps;
  readonly #object: BpfObject;
  readonly #held: DisposableStack;
  readonly #senders: NicSenders;

  /** Takes over `held` and `object`; `kernel` stays the caller's. */
  constructor(kernel: HubKernel, object: BpfObject, held: DisposableStack) {
    this.kernel = kernel;
    this.balance = new BalanceMaps(kernel);
    this.#object = object;
    this.#held = held;
    this.#senders = new NicSenders(kernel);
  }

  /** All of GONA's that the kernel holds. Throws KernelError. */
  observe(): HubState {
    return observe(this.kernel);
  }

  /** In order; stops at the first that fails. What was done stays. Throws StepError. */
  execute(steps: readonly Step[], onStep?: (step: Step) => void): Promise<void> {
    if (steps.some(({ facet }) => facet === "trunks")) this.#senders.forget();
    return executeSteps(this.kernel, steps, onStep === undefined ? {} : { onStep });
  }

  /** Of one slice since it got its number. */
  sliceCounters(vifSlot: number, slice: number): GonaSliceCounters {
    return readSliceCounters(this.kernel, vifSlot, slice);
  }

  /** Packets that a link's queue tree dropped, by vif slot; empty where it is gone. `codel`: some leaf is an fq_codel. */
  queueDrops(link: string, codel: boolean): ReadonlyMap<number, bigint> {
    return readQueueDrops(this.kernel, link, codel);
  }

  /** Bytes that wait in a NIC's slices; 0 where the NIC is gone. */
  queuedBytes(nic: NicId): bigint {
    let sum = 0n;
    for (const { backlogBytes } of readQueueCounters(this.kernel, nic).slices.values()) sum += backlogBytes;
    return sum;
  }

  /** Packets by the name of the verdict. */
  verdicts(): ReadonlyMap<string, bigint> {
    return new Map(Array.from(readVerdicts(this.kernel), ([name, { packets }]) => [name, packets]));
  }

  /** One frame out of a NIC, past its queues. Throws KernelError. */
  sendFrame(nic: NicId, frame: Uint8Array): void {
    this.#senders.send(nic, frame);
  }

  /** Tells of each NIC's carrier when it comes or goes, by slot: see watchCarriers. */
  watchCarriers(objectPath: string, onChange: (slot: number, seen: CarrierSeen) => void): Disposable {
    return watchCarriers(objectPath, this.#object, onChange);
  }

  /** Machines on the wire that can be asked whether a path to them works; the one heard last first. */
  neighbours(): readonly Neighbour[] {
    return readNeighbours(this.kernel);
  }

  [Symbol.dispose](): void {
    this.#senders[Symbol.dispose]();
    this.#object[Symbol.dispose]();
    this.#held.dispose();
  }
}

import type { BalanceMaps } from "@gona/dataplane";
import type { NicId } from "@gona/model";
import type { HubState, Step } from "@gona/planner";

/** Counters of one slice since its maps were made. */
export interface SliceCounters {
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  /** Packets that had no living slice and whose first choice this was. */
  readonly txDrops: bigint;
  readonly failovers: bigint;
  /** Segments that active queue management marked, and those that it dropped. */
  readonly txCeMarks: bigint;
  readonly rxCeMarks: bigint;
  readonly txAqmDrops: bigint;
  readonly rxAqmDrops: bigint;
}

/** What the controller does to a hub and asks of it: dataplane's HubDataplane, or a test's. */
export interface DataPlane {
  /** All of GONA's that the kernel holds. Throws KernelError. */
  observe(): HubState;
  /** In order; stops at the first that fails. What was done stays. Throws KernelError. */
  execute(steps: readonly Step[]): Promise<void>;
  /** Of the slices asked for, by `vifSlot` and slice number. */
  sliceCounters(vifSlot: number, slice: number): SliceCounters;
  /** Packets that the classes of a link's queue tree dropped, by vif slot; empty where it is gone. */
  queueDrops(link: string, codel: boolean): ReadonlyMap<number, bigint>;
  /** Bytes that wait in a NIC's slices; 0 where the NIC is gone. */
  queuedBytes(nic: NicId): bigint;
  /** Packets by the name of the verdict. */
  verdicts(): ReadonlyMap<string, bigint>;
  /** What the balancer reads of the packet path and tells it. */
  readonly balance: Pick<BalanceMaps, keyof BalanceMaps>;
  /** One frame out of a NIC, past its queues. Throws KernelError. */
  sendFrame(nic: NicId, frame: Uint8Array): void;
}

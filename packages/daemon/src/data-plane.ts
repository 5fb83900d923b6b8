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
}

export interface QueueDrops {
  /** Of the host's own traffic. */
  readonly host: bigint;
  /** By vif slot. */
  readonly slices: ReadonlyMap<number, bigint>;
}

/** What the controller does to a hub and asks of it; the kernel stands behind it, or a test. */
export interface DataPlane {
  /** All of GONA's that the kernel holds. Throws KernelError. */
  observe(): HubState;
  /** In order; stops at the first that fails. What was done stays. Throws KernelError. */
  execute(steps: readonly Step[]): Promise<void>;
  /** Of the slices asked for, by `vifSlot` and slice number. */
  sliceCounters(vifSlot: number, slice: number): SliceCounters;
  /** Packets that a NIC's queues dropped; zeros where the NIC is gone. */
  queueDrops(nic: NicId): QueueDrops;
  /** Packets by the name of the verdict. */
  verdicts(): ReadonlyMap<string, bigint>;
  /** Frames out of a NIC, in the host's class. Throws KernelError when none could be sent. */
  sendFrames(nic: NicId, frames: readonly Uint8Array[]): void;
}

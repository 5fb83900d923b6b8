import type { KernelOp } from "../kernel-op.ts";

/** Changes what a driver domain's namespace holds: the domain's agent, or a LinuxKernel of that namespace. */
export interface DomainWriter {
  /** As Kernel.run(). Throws KernelError; EHOSTDOWN where the agent cannot be reached. */
  run(ops: readonly KernelOp[]): Promise<void>;
}

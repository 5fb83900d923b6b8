import type { KernelOp } from "@gona/kernel";
import { KernelError } from "@gona/kernel/kernel-error";
import type { LinuxKernel } from "@gona/kernel/linux-kernel";
import { PinnedPrograms } from "@gona/kernel/pinned-programs";
import type { RunReply } from "./protocol.ts";

/** Carries operations out in the namespace of this process, one list after the other. */
export class OpService {
  readonly #kernel: LinuxKernel;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel;
  }

  /** `programs`: where filterReplace finds them. Rejects with what is no refusal by the kernel. */
  run(ops: readonly KernelOp[], programs: string): Promise<RunReply> {
    const result = this.#tail.then(() => this.#run(ops, programs));
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #run(ops: readonly KernelOp[], programs: string): Promise<RunReply> {
    // Opened anew each time: a daemon of another build pins others under the same names.
    using pinned = new PinnedPrograms(programs);
    this.#kernel.useBpf(pinned);
    try {
      await this.#kernel.run(ops);
      return {};
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const { index, operation, errno, words } = error;
      return { refused: { index, operation, errno, words } };
    }
  }
}

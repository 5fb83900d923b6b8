import { join } from "node:path";
import { type HubDataplane, openDataplane } from "@gona/dataplane";
import { LinuxKernel, PlacedKernel, unmountBpffs } from "@gona/kernel";

export interface OpenHub extends Disposable {
  readonly kernel: PlacedKernel;
  readonly plane: HubDataplane;
  /** Lets go of the maps too: for a kernel that holds nothing of ours any more. */
  forget(): void;
}

/**
 * Takes the hub of this process's network namespace over, alone. Throws what openDataplane
 * throws.
 */
export function openHub(runDir: string, objectPath: string): OpenHub {
  const kernel = new PlacedKernel(LinuxKernel.open());
  try {
    const plane = openDataplane({ kernel, runDir, objectPath });
    return {
      kernel,
      plane,
      forget: () => void unmountBpffs(join(runDir, "bpf")),
      [Symbol.dispose]() {
        plane[Symbol.dispose]();
        kernel[Symbol.dispose]();
      },
    };
  } catch (error) {
    kernel[Symbol.dispose]();
    throw error;
  }
}

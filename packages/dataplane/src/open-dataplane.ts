import { join } from "node:path";
import { KernelError, loadBpfObject, missingCapabilities, mountBpffs, pinPrograms } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { adoptMaps } from "./adopt-maps.ts";
import { HubDataplane } from "./hub-dataplane.ts";
import type { HubKernel } from "./hub-kernel.ts";
import { lockHub } from "./hub-lock.ts";
import { programPins } from "./program-pins.ts";

export interface OpenOptions {
  /** Of the hub's namespace. Stays the caller's. */
  readonly kernel: HubKernel;
  /** Holds the lock and, in `bpf`, an own bpffs. */
  readonly runDir: string;
  /** build/bpf/gona.bpf.o */
  readonly objectPath: string;
}

/**
 * Takes a hub over: alone (DAEMON_RUNNING), with the maps that run there or new ones, and this
 * build's programs loaded over them. Nothing is attached yet: filters of another build come out
 * stale in observe(), and a plan replaces each in one step. Throws NO_CAPABILITY, NO_LIBRARY,
 * NO_KERNEL_FEATURE, BPF_VERIFIER, STORAGE, STATE_OF_OTHER_BUILD, KernelError.
 */
export function openDataplane({ kernel, runDir, objectPath }: OpenOptions): HubDataplane {
  const missing = missingCapabilities();
  if (missing.length > 0) {
    const names = missing.map((name) => `CAP_${name}`).join(", ");
    throw new GonaError("NO_CAPABILITY", `the data path cannot be programmed without ${names}`, {
      hint: "run as root",
    });
  }
  using held = new DisposableStack();
  held.use(lockHub(kernel, runDir));
  const bpfDir = join(runDir, "bpf");
  mountOwn(bpfDir);
  const { pinDir, maps } = adoptMaps(kernel, bpfDir);
  using reuse = maps;
  const object = loadBpfObject(objectPath, {
    pinDir,
    reuse,
    bindMaps: true,
    inNamespace: (work, link) => kernel.inside(work, link),
  });
  pinPrograms(object.programs.values(), programPins(runDir));
  kernel.useBpf(object);
  return new HubDataplane(kernel, object, held.move());
}

function mountOwn(directory: string): void {
  try {
    mountBpffs(directory);
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    if (cause.errno === "ENODEV") {
      throw new GonaError("NO_KERNEL_FEATURE", "the kernel has no bpf file system", {}, { cause });
    }
    if (cause.errno === "EPERM") {
      const hint = "a container needs CAP_SYS_ADMIN and the right to mount";
      throw new GonaError("NO_CAPABILITY", cause.message, { hint }, { cause });
    }
    throw new GonaError("STORAGE", `${directory}: ${cause.message}`, {}, { cause });
  }
}

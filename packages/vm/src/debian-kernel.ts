import { existsSync, readdirSync, readFileSync } from "node:fs";
import { release as runningRelease } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GonaError } from "@gona/model";

/** A Linux kernel to boot, with its modules. */
export interface BootKernel {
  /** As in `uname -r`. */
  readonly release: string;
  /** A bzImage. */
  readonly image: string;
  /** Where lib/modules/<release> is. */
  readonly root: string;
}

/** Debian's kernel with the drivers of real cards, unpacked by set-up (scripts/lib/guest-kernel.mjs). */
const UNPACKED = fileURLToPath(new URL("../../../build/vm/domain-kernel", import.meta.url));

/** The kernel of driver domains: what set-up has unpacked, else the one that this machine runs. Throws NO_LIBRARY. */
export function domainKernel(unpacked = UNPACKED, machine = "/"): BootKernel {
  const found = kernelBelow(unpacked) ?? kernelBelow(machine, runningRelease());
  if (found !== undefined) return found;
  throw new GonaError("NO_LIBRARY", "there is no kernel image for the virtual machines of driver domains", {
    hint: "`npm run setup -- --domains` unpacks Debian's",
  });
}

/** Undefined where image or modules are missing. `release`: of several, this one. */
function kernelBelow(root: string, release?: string): BootKernel | undefined {
  const folder = join(root, "lib/modules");
  const releases = existsSync(folder) ? readdirSync(folder) : [];
  const chosen = release ?? releases[0];
  if (chosen === undefined || !releases.includes(chosen)) return undefined;
  const image = join(root, "boot", `vmlinuz-${chosen}`);
  return existsSync(image) && existsSync(join(folder, chosen, "modules.dep"))
    ? { release: chosen, image, root }
    : undefined;
}

/**
 * Files of the named modules and of all that they need, relative to lib/modules/<release>, in the order in which they
 * can be loaded. Built-in modules need no file and are left out, as are unknown ones.
 */
export function moduleFiles(kernel: Pick<BootKernel, "release" | "root">, names: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  const files = new Map<string, string>();
  for (const line of readFileSync(join(kernel.root, "lib/modules", kernel.release, "modules.dep"), "utf8").split(
    "\n",
  )) {
    const [file, list] = line.split(":");
    if (file === undefined || list === undefined) continue;
    needs.set(file, list.trim().split(" ").filter(Boolean));
    files.set(nameOf(file), file);
  }
  // depmod lists what a module needs with the deepest last.
  const inOrder = names.flatMap((name) => {
    const file = files.get(name.replaceAll("-", "_"));
    return file === undefined ? [] : [...(needs.get(file) ?? []).toReversed(), file];
  });
  return [...new Set(inOrder)];
}

const nameOf = (file: string): string =>
  (file.split("/").at(-1) ?? "").replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GonaError } from "@gona/model";
import { REPOSITORY } from "../bed/lab-paths.ts";

/** Debian's kernel for test guests, as set-up has unpacked it below build/vm (scripts/lib/guest-kernel.mjs). */
export interface GuestKernel {
  /** As in `uname -r`. */
  readonly release: string;
  readonly image: string;
  /** Where lib/modules/<release> is. */
  readonly root: string;
}

/** Throws NO_LIBRARY when set-up has not fetched it. */
export function guestKernel(root = join(REPOSITORY, "build/vm/kernel")): GuestKernel {
  let release: string | undefined;
  try {
    release = readFileSync(join(root, "package.txt"), "utf8").trim().split(" ")[1];
  } catch (cause) {
    throw new GonaError(
      "NO_LIBRARY",
      "the kernel of the test guests is not here",
      { hint: "npm run setup" },
      { cause },
    );
  }
  if (release === undefined) throw new GonaError("NO_LIBRARY", `${root}/package.txt names no release`);
  return { release, image: join(root, "boot", `vmlinuz-${release}`), root };
}

/**
 * Files of the named modules and all that they need, relative to lib/modules/<release>. Built-in modules need no
 * file and are left out.
 */
export function moduleFiles(kernel: GuestKernel, names: readonly string[]): readonly string[] {
  const dependencies = new Map<string, readonly string[]>();
  const folder = join(kernel.root, "lib/modules", kernel.release);
  for (const line of readFileSync(join(folder, "modules.dep"), "utf8").split("\n")) {
    const [file, needs] = line.split(":");
    if (file !== undefined && needs !== undefined) dependencies.set(file, needs.trim().split(" ").filter(Boolean));
  }
  const nameOf = (file: string): string =>
    (file.split("/").at(-1) ?? "").replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
  const wanted = [...dependencies.keys()].filter((file) => names.includes(nameOf(file)));
  return [...new Set(wanted.flatMap((file) => [...(dependencies.get(file) ?? []), file]))].sort();
}

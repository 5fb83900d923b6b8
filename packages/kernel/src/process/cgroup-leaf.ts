import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Below the root of cgroup v2, beside what a service manager makes there. */
const OUR_GROUP = "gona";

/**
 * A control group (v2) of one process. All of it is optional: a machine without a writable cgroup v2, or without its
 * memory controller, has the rest of what can be had.
 */
export class CgroupLeaf {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the group, or takes one of that name over; undefined where cgroup v2 is not there or cannot be written. */
  static make(name: string, memoryMaxBytes?: number): CgroupLeaf | undefined {
    const root = cgroupRoot();
    if (root === undefined) return undefined;
    const parent = join(root, OUR_GROUP);
    const leaf = new CgroupLeaf(join(parent, name));
    try {
      // Not in one recursive call: where the file system refuses directories with ENOENT, as sysfs does, Node never returns.
      for (const path of [parent, leaf.path]) if (!existsSync(path)) mkdirSync(path);
    } catch {
      return undefined; // read-only, as in many containers
    }
    // Only what the root hands down can be handed on, so each is asked for alone.
    for (const controller of ["memory", "cpu", "pids"])
      tryWrite(join(parent, "cgroup.subtree_control"), `+${controller}`);
    if (memoryMaxBytes !== undefined) tryWrite(join(leaf.path, "memory.max"), String(memoryMaxBytes));
    return leaf;
  }

  /** One that is there; undefined where it is not. */
  static find(name: string): CgroupLeaf | undefined {
    const root = cgroupRoot();
    if (root === undefined) return undefined;
    const path = join(root, OUR_GROUP, name);
    return existsSync(path) ? new CgroupLeaf(path) : undefined;
  }

  /** Those that are there whose names begin so. */
  static all(prefix: string): readonly CgroupLeaf[] {
    const root = cgroupRoot();
    if (root === undefined) return [];
    const parent = join(root, OUR_GROUP);
    if (!existsSync(parent)) return [];
    const names = readdirSync(parent).filter((name) => name.startsWith(prefix));
    return names.map((name) => new CgroupLeaf(join(parent, name)));
  }

  /** Moves a process in, with all its threads. False when it could not be. */
  add(pid: number): boolean {
    return tryWrite(join(this.path, "cgroup.procs"), String(pid));
  }

  /** Processes of it that the kernel killed for want of memory, since it was made; undefined where that is not counted. */
  oomKills(): number | undefined {
    try {
      const words = readFileSync(join(this.path, "memory.events"), "utf8");
      return Number(/^oom_kill (\d+)$/m.exec(words)?.[1] ?? 0);
    } catch {
      return undefined; // no memory controller here
    }
  }

  /** Removes it, and ours where it was the last. False when it stays, because a process is in it. */
  remove(): boolean {
    for (const path of [this.path, join(this.path, "..")]) {
      try {
        rmdirSync(path);
      } catch {
        break; // gone already, or in use
      }
    }
    return !existsSync(this.path);
  }
}

/** The whole machine's, for where no group counts: processes killed for want of memory since the boot. */
export function oomKillsOfMachine(): number {
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8"))?.[1] ?? 0);
}

/** Whether processes can be put in groups of their own here. */
export function canMakeCgroups(): boolean {
  const leaf = CgroupLeaf.make(`trial-${process.pid}`);
  leaf?.remove();
  return leaf !== undefined;
}

function cgroupRoot(): string | undefined {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  // One that another mount hides, as /sys of `ip netns exec` does, is named all the same.
  return mounts.find(([, at = "", type]) => type === "cgroup2" && existsSync(join(at, "cgroup.procs")))?.[1];
}

function tryWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CgroupLeaf } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { hubNetns, isOfLab, type LabPaths, labPaths } from "./lab-paths.ts";
import { endProcess, endRecorded } from "./lab-process.ts";
import { processesNaming } from "./left-processes.ts";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { runCommand } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

/** What was in a group has ended before: this is for what else somebody put there. */
const GROUP_MS = 3000;

/** What `lab.json` holds. */
export interface LabRecord {
  readonly name: string;
  readonly scenario: string;
  /** The process that runs the lab; absent for a lab that was left up. */
  readonly owner?: ProcessIdentity;
}

export function readRecord(paths: LabPaths): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(paths.record, "utf8")) as LabRecord;
  } catch {
    return undefined; // absent, or cut off by a crash: nobody owns it
  }
}

/** Makes a lab's directories and says whose it is: this process's, or nobody's where it `stays`. */
export function claimLab(name: string, scenario: string, stays = false): void {
  const paths = labPaths(name);
  for (const directory of [paths.root, paths.children, paths.logs]) mkdirSync(directory, { recursive: true });
  const owner = stays ? undefined : identify(process.pid);
  const record: LabRecord = { name, scenario, ...(owner !== undefined && { owner }) };
  writeFileSync(paths.record, JSON.stringify(record));
}

/** The living process, other than this one, that runs a lab. */
export function ownerOf(lab: string): ProcessIdentity | undefined {
  const owner = readRecord(labPaths(lab))?.owner;
  return owner !== undefined && owner.pid !== process.pid && isAlive(owner) ? owner : undefined;
}

/** Namespaces of a lab that exist. */
export function namespacesOf(lab: string): string[] {
  return existsSync("/run/netns") ? readdirSync("/run/netns").filter((name) => isOfLab(lab, name)) : [];
}

/**
 * Removes all that a lab left: processes (by pid and start time), their control groups, mounts, namespaces, files. Safe
 * at any time; a lab owned by another living process is refused with USAGE.
 */
export async function sweep(lab: string): Promise<void> {
  const paths = labPaths(lab);
  const owner = ownerOf(lab);
  if (owner !== undefined) {
    throw new GonaError("USAGE", `lab ${lab} is being run by process ${owner.pid}`, {
      hint: `end that first (kill ${owner.pid}); it cleans up behind itself`,
    });
  }
  if (existsSync(paths.children)) {
    const files = readdirSync(paths.children).map((name) => join(paths.children, name));
    await Promise.all(files.map((file) => endRecorded(file)));
  }
  // Before their files go: by those a process is found.
  await Promise.all(processesNaming(`${paths.daemonRun}/`).map((left) => endProcess(left)));
  for (const leaf of CgroupLeaf.all(`${hubNetns(lab)}.`))
    await waitUntil(`control group ${leaf.path} is empty`, () => leaf.remove() || undefined, { withinMs: GROUP_MS });
  for (const mount of mountsBelow(paths.root)) await runCommand("umount", ["--lazy", mount]);
  for (const netns of namespacesOf(lab)) await runCommand("ip", ["netns", "delete", netns]);
  rmSync(paths.root, { recursive: true, force: true });
}

/** Mount points below a directory, the deepest first. */
function mountsBelow(directory: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((mount) => mount.startsWith(`${directory}/`))
    .sort((a, b) => b.length - a.length);
}

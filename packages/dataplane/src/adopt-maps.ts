import { readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { BpfMaps, type Kernel, openPinned, recoverFromProgram, TC_CLSACT } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { LAYOUT_HASH } from "./abi.ts";
import { ATTACHED, FILTER_PREFERENCE } from "./hub-filters.ts";

/** The kernel keeps files of its own (`maps.debug`) in a bpffs. */
const IS_LAYOUT_HASH = /^[0-9a-f]{16}$/;

export interface Adoption {
  readonly pinDir: string;
  /** Maps that run in this namespace without being pinned there. The caller's to dispose. */
  readonly maps: BpfMaps;
}

/**
 * Finds the maps that a new daemon goes on with: those of the programs that are attached in its
 * namespace, pinned or not, else the pinned ones. Pins of other layouts that nothing here uses are
 * swept. Throws STATE_OF_OTHER_BUILD, KernelError.
 */
export function adoptMaps(kernel: Kernel, bpfDir: string): Adoption {
  const pinDir = join(bpfDir, LAYOUT_HASH);
  const attached = attachedProgram(kernel);
  using running = (attached === undefined ? undefined : recoverFromProgram(attached)) ?? new BpfMaps([]);
  const ids = new Set(Array.from(running, (map) => map.id));
  for (const entry of readdirSync(bpfDir)) {
    if (entry === LAYOUT_HASH || !IS_LAYOUT_HASH.test(entry)) continue;
    if (pinsAny(join(bpfDir, entry), ids)) throw otherBuild(entry);
    removePins(join(bpfDir, entry));
  }
  if (running.size === 0 || pinsAll(pinDir, ids)) return { pinDir, maps: new BpfMaps([]) };
  removePins(pinDir);
  // Not `running`, which this function closes.
  return { pinDir, maps: (attached === undefined ? undefined : recoverFromProgram(attached)) ?? new BpfMaps([]) };
}

/** Id of a program of ours that is attached somewhere in the namespace. */
function attachedProgram(kernel: Kernel): number | undefined {
  const withClsact = new Set(kernel.qdiscs().flatMap(({ link, parent }) => (parent === TC_CLSACT ? [link] : [])));
  for (const link of withClsact) {
    for (const { preference, program, programId } of kernel.filters(link)) {
      if (preference === FILTER_PREFERENCE && ATTACHED.has(program)) return programId;
    }
  }
  return undefined;
}

function pinsAny(directory: string, ids: ReadonlySet<number>): boolean {
  using pinned = openPinned(directory);
  return Array.from(pinned).some((map) => ids.has(map.id));
}

function pinsAll(directory: string, ids: ReadonlySet<number>): boolean {
  using pinned = openPinned(directory);
  const found = new Set(Array.from(pinned, (map) => map.id));
  return [...ids].every((id) => found.has(id));
}

function removePins(directory: string): void {
  try {
    for (const name of readdirSync(directory)) unlinkSync(join(directory, name));
    rmdirSync(directory);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

const otherBuild = (hash: string): GonaError =>
  new GonaError("STATE_OF_OTHER_BUILD", "the data path that runs here was made by a build with other map layouts", {
    found: hash,
    allowed: LAYOUT_HASH,
    hint:
      "start that build again (its `gona daemon --teardown` ends its data path), or end it by hand: " +
      `tc filter delete dev LINK ingress pref ${FILTER_PREFERENCE} on each vif, NIC and gp- link, ` +
      "tc qdisc delete dev LINK root on each NIC and vif, ip link delete dev LINK for each gq- link",
  });

import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { DoctorRow } from "@gona/api";
import { GonaError, type HostSpec } from "@gona/model";
import { findObject } from "../object-path.ts";
import { domainRows } from "./domain-rows.ts";
import { factRows } from "./fact-rows.ts";
import { machineFacts, machineRows } from "./machine-rows.ts";
import { nicRows } from "./nic-rows.ts";
import { trialRows, untriedRows } from "./trial-rows.ts";

/** The first directory on the way up that exists must let the rest be made. */
function runDirRow(runDir: string): DoctorRow {
  let place = runDir;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return { check: "run-dir", state: "ok", found: place === runDir ? runDir : `${runDir} can be made` };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { check: "run-dir", state: "missing", found, remedy: "run as root, or name another with --run-dir" };
  }
}

export interface ExamineOptions {
  readonly runDir: string;
  /** Whose bypass paths this machine is to offer. */
  readonly spec?: HostSpec;
}

/** What GONA needs of this machine, what of it is there, and what to do about the rest. Leaves nothing behind. */
export async function examineHost({ runDir, spec }: ExamineOptions): Promise<readonly DoctorRow[]> {
  let kernel: typeof import("@gona/kernel");
  try {
    // Its import loads koffi, without which the rest of this report could not be given.
    kernel = await import("@gona/kernel");
  } catch (error) {
    const found = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return [
      { check: "ffi", state: "missing", found, remedy: "run `npm run setup`: koffi is not installed or does not fit" },
    ];
  }
  const missingCapabilities = kernel.missingCapabilities();
  const rows = [
    ...factRows({
      nodeVersion: process.versions.node,
      architecture: process.arch,
      kernel: kernel.kernelFacts(),
      missingCapabilities,
      mayHoldTaps: kernel.missingCapabilities(["SYS_PTRACE"]).length === 0,
      timerLateness: await kernel.timerLateness(),
      path: process.env.PATH ?? "",
      exists: existsSync,
    }),
    runDirRow(runDir),
  ];
  let objectPath = "";
  try {
    objectPath = findObject();
    rows.push({ check: "bpf-object", state: "ok", found: objectPath });
  } catch (error) {
    if (!(error instanceof GonaError)) throw error;
    rows.push({
      check: "bpf-object",
      state: "missing",
      found: error.message,
      remedy: error.detail.hint ?? "run `npm run setup`",
    });
  }
  rows.push(...(missingCapabilities.length > 0 ? untriedRows() : await trialRows(kernel, objectPath)));
  using here = kernel.LinuxKernel.open();
  rows.push(
    ...nicRows(
      here.links(),
      (link) => kernel.nicFacts(link),
      (link) => kernel.vfFacts(link),
    ),
  );
  const path = process.env.PATH ?? "";
  rows.push(...domainRows({ path, exists: existsSync, cgroups: kernel.canMakeCgroups() }));
  rows.push(...(await machineRows(machineFacts())));
  if (spec !== undefined) {
    const macvtap = rows.find(({ check }) => check === "macvtap");
    // Of the kernel package, which was not to be loaded before.
    const { bypassRows } = await import("./bypass-rows.ts");
    rows.push(...bypassRows(spec, { vfsOf: (link) => kernel.vfFacts(link), macvtap }));
  }
  return rows;
}

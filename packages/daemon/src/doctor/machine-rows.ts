import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { DoctorRow } from "@gona/api";
import { GonaError } from "@gona/model";
import { type Acceleration, type BootKernel, domainKernel, findAcceleration, QEMU } from "@gona/vm";

/** What driver domains with isolation vm need; tests hand in their own. */
export interface MachineFacts {
  readonly architecture: string;
  readonly path: string;
  readonly exists: (path: string) => boolean;
  /** Throws NO_LIBRARY. */
  readonly kernel: () => BootKernel;
  readonly acceleration: () => Promise<Acceleration>;
  readonly iommuGroups: number;
}

export function machineFacts(): MachineFacts {
  const groups = "/sys/kernel/iommu_groups";
  return {
    architecture: process.arch,
    path: process.env.PATH ?? "",
    exists: existsSync,
    kernel: domainKernel,
    acceleration: findAcceleration,
    iommuGroups: existsSync(groups) ? readdirSync(groups).length : 0,
  };
}

/** Whether driver domains can be virtual machines here, and how fast. Nothing of it is needed without them. */
export async function machineRows(facts: MachineFacts): Promise<readonly DoctorRow[]> {
  const places = [...facts.path.split(delimiter), "/usr/bin"].filter((place) => place !== "");
  const has = (program: string): boolean => places.some((place) => facts.exists(join(place, program)));
  const rows = [qemuRow(facts, has), kernelRow(facts)];
  if (rows[0]?.state === "ok") rows.push(await accelerationRow(facts));
  const found =
    facts.iommuGroups > 0 ? `${facts.iommuGroups} IOMMU groups` : "no IOMMU: cards cannot be passed through";
  const remedy = "turn it on in the firmware and on the kernel's command line (intel_iommu=on), if it is to be used";
  rows.push(facts.iommuGroups > 0 ? { check: "vm-iommu", state: "ok", found } : advice("vm-iommu", found, remedy));
  return rows;
}

const advice = (check: string, found: string, remedy: string): DoctorRow => ({ check, state: "advice", found, remedy });

function qemuRow({ architecture, exists }: MachineFacts, has: (program: string) => boolean): DoctorRow {
  const check = "vm-programs";
  if (architecture !== "x64") return advice(check, architecture, "isolation vm is built for x86-64 alone");
  const missing = [
    ...(has(QEMU) ? [] : ["qemu-system-x86"]),
    ...(exists("/bin/busybox") ? [] : ["busybox-static"]),
    ...(has("xz") ? [] : ["xz-utils"]),
  ];
  return missing.length === 0
    ? { check, state: "ok", found: `${QEMU} and busybox` }
    : advice(check, "isolation vm cannot be used", `apt-get install ${missing.join(" ")}`);
}

function kernelRow({ kernel }: MachineFacts): DoctorRow {
  try {
    return { check: "vm-kernel", state: "ok", found: `Linux ${kernel().release}` };
  } catch (error) {
    if (!(error instanceof GonaError)) throw error;
    return advice("vm-kernel", error.message, error.detail.hint ?? "run `npm run setup -- --domains`");
  }
}

async function accelerationRow({ acceleration }: MachineFacts): Promise<DoctorRow> {
  const { kind, why = "" } = await acceleration();
  return kind === "kvm"
    ? { check: "vm-acceleration", state: "ok", found: "KVM" }
    : advice("vm-acceleration", `software emulation: ${why}`, "machines boot and carry slower than with KVM");
}

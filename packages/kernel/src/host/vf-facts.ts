import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nicFacts } from "./nic-facts.ts";

/** What a NIC has of SR-IOV. */
export interface VfFacts {
  /** `ixgbe`; empty where the link has none that answers. */
  readonly driver: string;
  /** Virtual functions that are enabled now. */
  readonly enabled: number;
  /** That the NIC can have; 0: it, its driver or the kernel (CONFIG_PCI_IOV) has no SR-IOV. */
  readonly total: number;
}

/** `pciDevices`: where sysfs has them. A PCI device is the same in every network namespace. Throws KernelError: ENODEV. */
export function vfFacts(link: string, netns?: string, pciDevices = "/sys/bus/pci/devices"): VfFacts {
  const { driver, bus } = nicFacts(link, netns);
  const device = bus === "" ? undefined : join(pciDevices, bus);
  const count = (file: string): number => (device === undefined ? 0 : readCount(join(device, file)));
  return { driver, enabled: count("sriov_numvfs"), total: count("sriov_totalvfs") };
}

/** 0 where there is no such file: only a device that has SR-IOV has these. */
export function readCount(path: string): number {
  try {
    const count = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}

import type { Kernel } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { trunkEnds } from "@gona/planner";

/** The links by which frames of GONA's own leave and come in for a NIC. */
export interface NicWay {
  readonly out: string;
  /** Where what is no guest's comes in. */
  readonly in: string;
}

/**
 * A NIC in the hub is both; beside one in a namespace of its own all that comes in is sent on to the hub's end of its
 * trunk; for one in a virtual machine the tap that leads there stands in both directions.
 */
export function nicWay(kernel: Pick<Kernel, "link">, nic: NicId): NicWay {
  const { device } = trunkEnds(nic);
  const trunk = kernel.link(device);
  if (trunk === undefined) return { out: nic, in: nic };
  return trunk.kind === "tun" ? { out: device, in: device } : { out: nic, in: device };
}

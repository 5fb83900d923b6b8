import type { NicId } from "@gona/model";
import { portOf } from "../../bed/bed-plan.ts";
import type { LabBed } from "../../bed/lab-bed.ts";
import { ipBatch, runCommand } from "../../bed/run-command.ts";

/** How a NIC is made to lose its carrier, and to have it again. */
export interface Cable {
  readonly nic: NicId;
  cut(): Promise<void>;
  heal(): Promise<void>;
}

/** The switch's port goes down: its veth is deaf for some time before the NIC has lost its carrier. */
export const portCable = (bed: LabBed, nic: NicId): Cable => ({
  nic,
  cut: () => bed.cut(nic),
  heal: () => bed.heal(nic),
});

/** The switch's port forwards nothing any more, and the NIC keeps its carrier. */
export const silentPath = (bed: LabBed, nic: NicId): Cable => ({
  nic,
  cut: () => bed.silence(nic),
  heal: () => bed.mend(nic),
});

const LOWER = "lower";

/**
 * Puts a macvlan in the NIC's place, over the link that was the NIC. Its carrier can be taken away by
 * itself (`protodown`): the wire behind works up to that instant, as a physical one does. To call
 * before the daemon starts. Throws GonaError.
 */
export async function cleanCable(bed: LabBed, nic: NicId): Promise<Cable> {
  const { hub, lab } = bed.plan;
  const { ifindex } = portOf(bed.plan, nic);
  // Named so that the lab's sweep takes it along.
  const wire = `gona-${lab}-sw-wire`;
  await runCommand("ip", ["netns", "add", wire]);
  await ipBatch(hub, [`link set ${nic} down`, `link set ${nic} netns ${wire} name ${LOWER}`]);
  await ipBatch(wire, [
    `link set ${LOWER} up`,
    // Equal indexes: not urgent to linkwatch, like the other NICs of the lab.
    `link add link ${LOWER} name ${nic} index ${ifindex} netns ${hub} type macvlan mode passthru`,
  ]);
  await ipBatch(hub, [`link set ${nic} up`, `link show dev ${nic}`]);
  return {
    nic,
    cut: () => ipBatch(hub, [`link set ${nic} protodown on`]),
    heal: () => ipBatch(hub, [`link set ${nic} protodown off`, `link show dev ${nic}`]),
  };
}

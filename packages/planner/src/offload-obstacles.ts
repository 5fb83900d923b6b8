import {
  type BitsPerSecond,
  formatRate,
  type HostSpec,
  megabitsPerSecond,
  type NicSpec,
  type VifSpec,
} from "@gona/model";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";
import { REST_PART, SPARSE_PART } from "./hub-state.ts";
import { hasParts } from "./traffic-rules.ts";

/** What mlx5 can do, the reference (drivers/net/ethernet/mellanox/mlx5/core/en/qos.c, htb.c). */
const MLX5 = {
  /** MLX5E_QOS_MAX_LEAF_NODES. */
  leaves: 256,
  /** BYTES_IN_MBIT: a ceil is rounded down to it, and no less than one. */
  ceilStep: megabitsPerSecond(1),
  /** bw_share: a rate is rounded down to so many parts of its parent's ceil. */
  rateParts: 100,
} as const;

/**
 * Why a NIC's slices cannot be carried out in hardware as the spec has them: the kernel refuses an
 * overhead there, and the NIC would round what does not fit its steps. Empty: they can.
 */
export function offloadObstacles(spec: HostSpec, nic: NicSpec, nicPath: string): readonly Finding[] {
  const findings: Finding[] = [];
  const not = (path: string, message: string, found: string, allowed: string): void => {
    findings.push({ code: "SPEC_DOES_NOT_FIT", path, message, found, allowed, hint: "offload: off, or auto" });
  };
  if (nic.overhead !== 0) {
    not(`${nicPath}.overhead`, "HTB in a NIC counts no overhead", `${nic.overhead}`, "0");
  }
  const limit = (path: string, rate: BitsPerSecond): void => {
    if (rate % MLX5.ceilStep !== 0 || rate === 0)
      not(path, "a NIC limits to whole Mbit/s", formatRate(rate), "a multiple of 1 Mbit");
  };
  const reserve = (path: string, rate: BitsPerSecond): void => {
    if ((rate * MLX5.rateParts) % nic.capacity !== 0)
      not(path, "a NIC reserves whole percents of its capacity", formatRate(rate), "a multiple of 1 %");
  };
  limit(`${nicPath}.capacity`, nic.capacity);
  // The host's class is one.
  let leaves = 1;
  eachVif(spec, (vif, place) => {
    const index = vif.aggregate.slices.findIndex((slice) => slice.nic === nic.name);
    const share = vif.aggregate.slices[index]?.egress;
    if (share === undefined) return;
    leaves += leavesOf(vif);
    const path = `${place()}.aggregate.slices[${index}].egress`;
    limit(`${path}.limit`, share.limit);
    reserve(`${path}.reserve`, share.reserve);
  });
  if (leaves > MLX5.leaves) {
    not(nicPath, "a NIC has so many queues for classes", `${leaves}`, `at most ${MLX5.leaves}`);
  }
  return findings;
}

/** Traffic classes, sparse flows where there is a latency goal (at most: fq_codel needs no queue for them), and the rest. */
function leavesOf({ aggregate }: VifSpec): number {
  if (!hasParts(aggregate, false)) return 1;
  return aggregate.classes.length + (aggregate.latency === undefined ? 0 : REST_PART - SPARSE_PART) + 1;
}

/** Findings of the NICs that are to offload or else be refused. */
export const offloadFindings = (spec: HostSpec): readonly Finding[] =>
  spec.nics.flatMap((nic, index) => (nic.offload === "on" ? offloadObstacles(spec, nic, `nics[${index}]`) : []));

/** Whether a NIC is to carry its slices out; `offers`: it says that it can and has not refused. */
export function usesOffload(spec: HostSpec, nic: NicSpec, offers: boolean): boolean {
  if (nic.offload === "on") return true;
  return nic.offload === "auto" && offers && offloadObstacles(spec, nic, "").length === 0;
}

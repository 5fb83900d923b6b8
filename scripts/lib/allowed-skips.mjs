import { runCommand } from "./run-command.mjs";

/**
 * Features that a machine may lack and that tests may therefore skip, the kernel (or package) that has each, and a command (in a
 * network namespace of its own) that succeeds where the feature is. A test says `needs <feature> (<kernel>)`.
 * @type {Readonly<Record<string, { kernel: string, probe: string }>>}
 */
export const ALLOWED_SKIPS = {
  cgroup2: { kernel: "Debian's 6.1", probe: "grep -qw cgroup2 /proc/filesystems" },
  clang: { kernel: "Debian's package clang", probe: "command -v clang" },
  fq: { kernel: "Debian's 6.1", probe: "tc qdisc add dev lo root fq" },
  fq_codel: { kernel: "Debian's 6.1", probe: "tc qdisc add dev lo root fq_codel" },
  netem: { kernel: "Debian's 6.1", probe: "tc qdisc add dev lo root netem delay 1ms" },
  bonding: { kernel: "Debian's 6.1", probe: "ip link add type bond" },
  vlan: { kernel: "Debian's 6.1", probe: "ip link add link lo name gona-probe type vlan id 2" },
};

/** @typedef {{ name: string, note?: string | undefined }} Skip */

/**
 * Why a skipped test counts as failed; undefined when the skip is in order: a feature of the list, named with its
 * kernel, and really not here.
 * @param {Skip} skip
 * @param {(probe: string) => Promise<boolean>} [isHere]
 * @returns {Promise<string | undefined>}
 */
export async function faultOfSkip(skip, isHere = probeHere) {
  if (skip.note === undefined || skip.note === "") return "skipped without a reason";
  const feature = /^needs (\S+) \(/.exec(skip.note)?.[1];
  const allowed = feature === undefined ? undefined : ALLOWED_SKIPS[feature];
  if (allowed === undefined || skip.note !== `needs ${feature} (${allowed.kernel})`)
    return `skipped for a reason that scripts/lib/allowed-skips.mjs does not list: ${skip.note}`;
  return (await isHere(allowed.probe)) ? `skipped for lack of ${feature}, and this kernel has it` : undefined;
}

/** @param {string} probe */
const probeHere = async (probe) => (await runCommand(["unshare", "--net", "sh", "-c", probe])).code === 0;

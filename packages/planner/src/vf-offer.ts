import { type BitsPerSecond, formatRate, type HostSpec, megabitsPerSecond, type NicId } from "@gona/model";
import { type BypassSlice, bypassOf, isVf, type VfLoad, vfLoads } from "./bypass.ts";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";
import { roomFor } from "./host-share.ts";

/** What a NIC says of its virtual functions. */
export interface VfOffer {
  /** Kernel driver of the NIC. */
  readonly driver: string;
  /** Enabled now (sriov_numvfs). */
  readonly enabled: number;
  /** At most (sriov_totalvfs); 0: the NIC, its driver or the kernel has no SR-IOV. */
  readonly total: number;
}

interface VfRules {
  /** Of a limit; others are rounded or refused. */
  readonly step: BitsPerSecond;
  readonly lowest: BitsPerSecond;
  /** Takes min_tx_rate. */
  readonly reserves: boolean;
}

/** Of drivers that are not listed the kernel's refusal is what the user gets to see. */
const UNKNOWN: VfRules = { step: megabitsPerSecond(1), lowest: megabitsPerSecond(1), reserves: true };

/** What drivers take, by their ndo_set_vf_rate. */
const RULES: Readonly<Record<string, VfRules>> = {
  /** Any min_tx_rate is EINVAL; so is a max_tx_rate of 10 or less, or any on a link that is not up at 10 Gbit/s. */
  ixgbe: { step: megabitsPerSecond(1), lowest: megabitsPerSecond(11), reserves: false },
  /** Any min_tx_rate is EINVAL; max_tx_rate is held in credits of 50 Mbit/s (I40E_BW_CREDIT_DIVISOR). */
  i40e: { step: megabitsPerSecond(50), lowest: megabitsPerSecond(50), reserves: false },
  /** Both; min_tx_rate as a weight among the virtual functions (esw/qos.c). */
  mlx5_core: UNKNOWN,
};

/** Whether the virtual functions of a NIC may send more than it takes, so that reservations depend on the NIC's own word. */
export const isOvercommitted = (room: number, load: VfLoad | undefined): boolean =>
  load !== undefined && !load.shared && load.limits > room;

/** What the spec asks of virtual functions that their NICs do not offer; a NIC whose link is not there is not asked. */
export function vfOfferFindings(spec: HostSpec, offers: ReadonlyMap<NicId, VfOffer>): readonly Finding[] {
  const findings: Finding[] = [];
  const loads = vfLoads(spec);
  const nics = new Map(spec.nics.map((nic) => [nic.name, nic]));
  eachVif(spec, (vif, place) => {
    const slice = bypassOf(vif);
    const nic = slice && nics.get(slice.nic);
    const offer = slice && offers.get(slice.nic);
    if (slice === undefined || nic === undefined || offer === undefined || !isVf(slice)) return;
    const at = `${place()}.aggregate.slices[${vif.aggregate.slices.indexOf(slice)}]`;
    const missing = missingVf(slice, offer);
    const wrong =
      missing === undefined
        ? againstRules(slice, offer, at, isOvercommitted(roomFor(nic, "egress"), loads.get(nic.name)))
        : [
            {
              path: `${at}.vf`,
              message: missing,
              found: `${slice.path.vf}`,
              allowed: allowedVfs(offer),
              hint: howToEnable(slice, offer),
            },
          ];
    for (const finding of wrong) findings.push({ code: "SPEC_DOES_NOT_FIT", ...finding });
  });
  return findings;
}

/** Why a slice cannot have its virtual function; undefined where it can. */
export function missingVf(
  { nic, path }: BypassSlice<{ kind: "sriov"; vf: number }>,
  offer: VfOffer,
): string | undefined {
  if (offer.total === 0)
    return `${nic} has no SR-IOV (${offer.driver === "" ? "no driver" : `driver ${offer.driver}`})`;
  return path.vf < offer.enabled
    ? undefined
    : `${nic} has ${offer.enabled} virtual functions enabled, of ${offer.total}`;
}

const allowedVfs = ({ enabled }: VfOffer): string => (enabled === 0 ? "no path: sriov" : `0 to ${enabled - 1}`);

const howToEnable = ({ nic }: BypassSlice, { total }: VfOffer): string =>
  total === 0
    ? "another NIC, path: macvtap, or no path"
    : `echo N >/sys/class/net/${nic}/device/sriov_numvfs, N at most ${total}; changing it takes the devices of all guests on ${nic} away`;

function againstRules(
  { nic, egress }: BypassSlice,
  { driver }: VfOffer,
  at: string,
  overcommitted: boolean,
): readonly Omit<Finding, "code">[] {
  const { step, lowest, reserves } = RULES[driver] ?? UNKNOWN;
  const findings: Omit<Finding, "code">[] = [];
  if (egress.limit % step !== 0 || egress.limit < lowest) {
    const message = `${driver} does not limit a virtual function so`;
    const allowed = `a multiple of ${formatRate(step)}, at least ${formatRate(lowest)}`;
    findings.push({ path: `${at}.egress.limit`, message, found: formatRate(egress.limit), allowed });
  }
  if (egress.reserve > 0 && !reserves && overcommitted) {
    const message = `${driver} reserves nothing for virtual functions, and those of ${nic} may send more than it has`;
    const hint = `lower the limits of the virtual functions on ${nic} until they fit together`;
    findings.push({
      path: `${at}.egress.reserve`,
      message,
      found: formatRate(egress.reserve),
      allowed: "no reserve",
      hint,
    });
  }
  return findings;
}

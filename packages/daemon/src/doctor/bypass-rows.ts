import type { DoctorRow } from "@gona/api";
import { KernelError } from "@gona/kernel";
import type { HostSpec, NicId } from "@gona/model";
import { bypassOf, isVf, type VfOffer, vfOfferFindings } from "@gona/planner";

export interface BypassFacts {
  /** Throws KernelError (ENODEV) for a link that is not there. */
  readonly vfsOf: (link: string) => VfOffer;
  /** Of the trial of a macvtap. */
  readonly macvtap: DoctorRow | undefined;
}

/** One row for each NIC of a spec that is asked for virtual functions, and one for each that is asked for macvtaps. */
export function bypassRows(spec: HostSpec, { vfsOf, macvtap }: BypassFacts): readonly DoctorRow[] {
  return spec.nics.flatMap(({ name }) => {
    const rows: DoctorRow[] = [];
    const guests = { sriov: askers(spec, name, "sriov"), macvtap: askers(spec, name, "macvtap") };
    if (guests.sriov.length > 0) rows.push(vfRow(spec, name, guests.sriov, vfsOf));
    if (guests.macvtap.length > 0) rows.push({ ...macvtapRow(macvtap), check: `macvtap on ${name}` });
    return rows;
  });
}

/** `fast1 VF 3`. */
function askers(spec: HostSpec, nic: NicId, kind: "sriov" | "macvtap"): readonly string[] {
  return spec.guests.flatMap(({ vifs }) =>
    vifs.flatMap((vif) => {
      const slice = bypassOf(vif);
      if (slice?.nic !== nic || slice.path.kind !== kind) return [];
      return [isVf(slice) ? `${vif.id} VF ${slice.path.vf}` : vif.id];
    }),
  );
}

function vfRow(spec: HostSpec, nic: NicId, guests: readonly string[], vfsOf: BypassFacts["vfsOf"]): DoctorRow {
  const check = `sr-iov on ${nic}`;
  let offer: VfOffer;
  try {
    offer = vfsOf(nic);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { check, state: "missing", found: `there is no link ${nic}`, remedy: "another NIC in the spec" };
  }
  const findings = vfOfferFindings(spec, new Map([[nic, offer]]));
  const [first] = findings;
  if (first === undefined) {
    const found = `${offer.driver}, ${offer.enabled} of ${offer.total} virtual functions enabled, for ${guests.join(", ")}`;
    return { check, state: "ok", found };
  }
  const reasons = [...new Set(findings.map(({ message }) => message))].join("; ");
  const why = offer.total === 0 ? ": the NIC, its driver or the kernel (CONFIG_PCI_IOV) lacks it" : "";
  return { check, state: "missing", found: `${reasons}${why}`, remedy: first.hint ?? `allowed: ${first.allowed}` };
}

function macvtapRow(trial: DoctorRow | undefined): Pick<DoctorRow, "state" | "found" | "remedy"> {
  if (trial === undefined || trial.state === "untried")
    return { state: "untried", found: "needs the capabilities above" };
  const { state, found, remedy } = trial;
  return state === "ok" ? { state, found } : { state: "missing", found, ...(remedy !== undefined && { remedy }) };
}

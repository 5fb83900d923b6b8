import type { HostSpec, NicId } from "@gona/model";
import { trunkEnds, vifDevice } from "@gona/planner";

/** What the kernel is to hold: a committed revision. */
export interface Target {
  readonly revision: number;
  readonly sha256: string;
  readonly spec: HostSpec;
  /** The NIC's or vif's id by the name of its link. */
  readonly uses: ReadonlyMap<string, string>;
  /** NICs by the ends of the trunks that would lead to them. */
  readonly trunks: ReadonlyMap<string, NicId>;
}

export function targetOf(revision: number, sha256: string, spec: HostSpec): Target {
  const vifs = spec.guests.flatMap((guest) => guest.vifs);
  const uses = new Map<string, string>([
    ...vifs.map((vif) => [vifDevice(vif), vif.id] as const),
    ...spec.nics.map((nic) => [nic.name, nic.name] as const),
  ]);
  const trunks = new Map(
    spec.nics.flatMap(({ name }) => Object.values(trunkEnds(name)).map((end) => [end, name] as const)),
  );
  return { revision, sha256, spec, uses, trunks };
}

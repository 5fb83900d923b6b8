import type { HostSpec } from "@gona/model";
import { vifDevice } from "@gona/planner";

/** What the kernel is to hold: a committed revision. */
export interface Target {
  readonly revision: number;
  readonly sha256: string;
  readonly spec: HostSpec;
  /** The NIC's or vif's id by the name of its link. */
  readonly uses: ReadonlyMap<string, string>;
}

export function targetOf(revision: number, sha256: string, spec: HostSpec): Target {
  const vifs = spec.guests.flatMap((guest) => guest.vifs);
  const uses = new Map<string, string>([
    ...vifs.map((vif) => [vifDevice(vif), vif.id] as const),
    ...spec.nics.map((nic) => [nic.name, nic.name] as const),
  ]);
  return { revision, sha256, spec, uses };
}

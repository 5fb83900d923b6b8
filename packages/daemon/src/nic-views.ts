import type { NicView, ProbeView } from "@gona/api";
import type { Kernel } from "@gona/kernel";
import { type HostSpec, type NicId, type NicSpec, sumRates } from "@gona/model";
import type { Pending } from "@gona/planner";
import { isoTime } from "./clock.ts";
import type { LacpMonitor } from "./lacp/lacp-monitor.ts";
import { lacpView } from "./lacp/lacp-view.ts";
import type { NicMonitor } from "./nic-monitor.ts";
import type { ProbeStanding } from "./probe/fabric-prober.ts";
import type { PathProber } from "./probe/path-prober.ts";

export interface NicSources {
  readonly spec: HostSpec;
  readonly nics: NicMonitor;
  readonly lacp: LacpMonitor;
  readonly paths: Pick<PathProber, "standing">;
  readonly pending: readonly Pending[];
  readonly kernel: Pick<Kernel, "link">;
  /** By the link of the queue tree. */
  readonly drops: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
}

/** The NICs of the spec and how they fare. */
export function nicViews(sources: NicSources): NicView[] {
  const reserved = reservations(sources.spec);
  return sources.spec.nics.map((nic) => nicView(nic, reserved.get(nic.name) ?? 0, sources));
}

function nicView(nic: NicSpec, reserved: number, { nics, lacp, paths, pending, kernel, drops }: NicSources): NicView {
  const waits = pending.find((part) => part.kind === "nic" && part.nic === nic.name);
  const standing = nics.standing(nic.name);
  const phase = standing?.phase ?? "down";
  const port = lacp.standing(nic.name);
  const path = paths.standing(nic.name);
  // The bundle's cause is told as it is now: a port goes through many states while its NIC is down.
  const faults = (standing?.faults ?? []).map(({ fault, cause, sinceMs }) => ({
    fault,
    why: fault === "bundle" ? (port?.cause ?? cause) : cause,
    since: isoTime(sinceMs),
  }));
  const wrong = port?.problem && port.cause;
  const reason = waits?.reason ?? (phase === "up" ? wrong : faults.map(({ why }) => why).join("; ") || standing?.cause);
  const link = kernel.link(nic.name);
  let sum = 0n;
  for (const ofSlice of drops.get(nic.name)?.values() ?? []) sum += ofSlice;
  return {
    name: nic.name,
    domain: nic.byHardware ? (link?.domain ?? nic.domain) : nic.domain,
    fabric: nic.fabric,
    state: waits === undefined ? phase : "pending",
    ...(reason !== undefined && { reason }),
    ...(standing && { since: isoTime(standing.sinceMs) }),
    faults,
    capacityBitsPerSecond: nic.capacity,
    reservedBitsPerSecond: reserved,
    txBytes: Number(link?.txBytes ?? 0n),
    rxBytes: Number(link?.rxBytes ?? 0n),
    drops: Number(sum),
    ...(port && { lacp: lacpView(port) }),
    ...(path && { probe: probeView(path) }),
  };
}

const probeView = ({ verdict, cause, heardMs, answeredMs }: ProbeStanding): ProbeView => ({
  state: verdict,
  why: cause,
  ...(heardMs !== undefined && { heard: isoTime(heardMs) }),
  ...(answeredMs !== undefined && { answered: isoTime(answeredMs) }),
});

function reservations(spec: HostSpec): ReadonlyMap<NicId, number> {
  const slices = spec.guests.flatMap((guest) => guest.vifs.flatMap((vif) => vif.aggregate.slices));
  const byNic = Map.groupBy(slices, (slice) => slice.nic);
  return new Map([...byNic].map(([nic, ofNic]) => [nic, sumRates(ofNic.map((slice) => slice.egress.reserve))]));
}

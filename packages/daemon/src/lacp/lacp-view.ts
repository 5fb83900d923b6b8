import type { LacpView } from "@gona/api";
import { actorOf, describeLacpFlags, type VifEntry } from "@gona/planner";
import { isoTime } from "../clock.ts";
import type { LacpMonitor, LacpPortStanding } from "./lacp-monitor.ts";

/** A port as clients see it. */
export function lacpView({ bundle, port, cause, problem, sinceMs }: LacpPortStanding): LacpView {
  const actor = actorOf(bundle, port);
  const { partner } = port;
  return {
    rate: bundle.rate,
    state: port.mux,
    reception: port.reception,
    since: isoTime(sinceMs),
    why: cause,
    ...(problem && { problem }),
    system: actor.system,
    key: actor.key,
    port: actor.port,
    flags: describeLacpFlags(actor.state),
    ...(partner && {
      partner: {
        system: partner.system,
        key: partner.key,
        port: partner.port,
        flags: describeLacpFlags(partner.state),
      },
    }),
  };
}

/** A sentence for each NIC of a vif that speaks LACP. */
export const lacpWords = (lacp: LacpMonitor, { slices }: VifEntry): string[] =>
  slices.flatMap((slice) => {
    const standing = slice === null ? undefined : lacp.standing(slice.nic);
    if (slice === null || standing === undefined) return [];
    return [`LACP on ${slice.nic}: ${standing.port.mux} since ${isoTime(standing.sinceMs)}: ${standing.cause}`];
  });

import { INDIVIDUAL, type LacpBundle, type LacpPort, lacpGroup } from "./lacp-port.ts";
import { isLoop } from "./lacp-select.ts";
import { LacpFlag } from "./lacpdu.ts";

/** What a port of the bundle may do, and why no more; sentences are for people. */
export interface LacpStanding {
  /** Frames of guests may leave by it. */
  readonly distributing: boolean;
  /** It is of the bundle, or about to be: what comes in by it is for the guests. */
  readonly selected: boolean;
  /** Why it is as it is; the same words while nothing changes. */
  readonly cause: string;
  /** Something that an operator should mend, and how. */
  readonly problem?: LacpProblem;
}

export type LacpProblem = "no-partner" | "other-partner" | "loop" | "refused";

const MEND = "switch LACP on at the switch, or say `lacp: off` where its bundle is static";

/** How a port fares. */
export function lacpStanding(bundle: LacpBundle, port: LacpPort): LacpStanding {
  const distributing = port.mux === "distributing";
  return { distributing, selected: port.group !== undefined, ...whyOf(bundle, port) };
}

function whyOf(bundle: LacpBundle, port: LacpPort): Pick<LacpStanding, "cause" | "problem"> {
  const { reception, partner, group, mux } = port;
  if (reception === "disabled") return { cause: "no carrier" };
  if (port.standby) return { cause: "it is drained and keeps out of its LACP bundle" };
  if (reception === "expired") {
    return { cause: partner ? `its LACP partner ${partner.system} is silent` : "it looks for a LACP partner" };
  }
  if (partner === undefined) return withoutPartner(bundle, group);
  if (isLoop(bundle, port)) {
    return { cause: "it hears this host's own LACP: its cable leads back to this host", problem: "loop" };
  }
  if (group === undefined) {
    return {
      cause: `its LACP partner (${nameOf(lacpGroup(partner))}) is not the one of the bundle (${nameOf(bundle.group)}): plug it into the same switch, or give it a fabric of its own`,
      problem: "other-partner",
    };
  }
  if (mux === "distributing") return { cause: `bundled with LACP partner ${partner.system}` };
  if (mux === "waiting") return { cause: `it is about to join the bundle with LACP partner ${partner.system}` };
  if (!(partner.state & LacpFlag.SYNC)) {
    const cause = `its LACP partner ${partner.system} does not take it into the bundle: see the switch's LACP settings`;
    return { cause, problem: "refused" };
  }
  return { cause: `its LACP partner ${partner.system} does not receive by it yet` };
}

function withoutPartner({ group }: LacpBundle, own: string | undefined): Pick<LacpStanding, "cause" | "problem"> {
  const problem = "no-partner";
  if (own === INDIVIDUAL) return { cause: `no LACP partner: it is used alone, without a bundle; ${MEND}`, problem };
  const others =
    group === INDIVIDUAL
      ? "another NIC of the fabric is used alone"
      : group === undefined
        ? "it carries nothing"
        : `the bundle is with ${nameOf(group)}`;
  return { cause: `no LACP partner: ${others}; ${MEND}`, problem };
}

/** Of a group, what an operator knows it by. */
function nameOf(group: string | undefined): string {
  if (group === undefined || group === INDIVIDUAL) return "none";
  const [, system, key = ""] = group.split(" ");
  return `${system}, key ${Number.parseInt(key, 16)}`;
}

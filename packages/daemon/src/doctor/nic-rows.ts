import type { DoctorRow } from "@gona/api";
import type { LinkState, NicFacts, VfFacts } from "@gona/kernel";
import { bitsPerSecond, formatRate } from "@gona/model";

/** One row per physical NIC of this namespace: what an operator wants to know before writing a spec. */
export function nicRows(
  links: readonly LinkState[],
  factsOf: (link: string) => NicFacts,
  vfsOf: (link: string) => VfFacts,
): readonly DoctorRow[] {
  return links
    .filter(({ kind, name }) => kind === "" && name !== "lo")
    .map(({ name, carrier, master }): DoctorRow => {
      const { driver, bus, speedBitsPerSecond: speed, tcOffload } = factsOf(name);
      const vfs = vfsOf(name);
      const found = [
        driver === "" ? "unknown driver" : driver,
        bus,
        speed === undefined ? "" : formatRate(bitsPerSecond(speed)),
        carrier ? "" : "no carrier",
        tcOffload ? "HTB offload may be tried (hw-tc-offload on)" : "no HTB offload (hw-tc-offload off or not there)",
        vfs.total === 0 ? "no SR-IOV" : `${vfs.enabled} of ${vfs.total} virtual functions enabled`,
        master === undefined ? "" : `port of ${master}`,
      ];
      const words = found.filter((part) => part !== "").join(", ");
      return master === undefined
        ? { check: `nic ${name}`, state: "ok", found: words }
        : {
            check: `nic ${name}`,
            state: "advice",
            found: words,
            remedy: `take it out of ${master} before GONA gets it`,
          };
    });
}

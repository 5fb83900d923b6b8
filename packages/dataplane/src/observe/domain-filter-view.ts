import type { NicId } from "@gona/model";
import type { DomainFilter, NicFilter, Trunk } from "@gona/planner";
import { FROM_NIC, FROM_WIRE, TO_NIC } from "../hub-filters.ts";

import type { ObservedTrunks } from "./observe-trunks.ts";

interface Place {
  readonly nic: NicId;
  readonly program: string;
}

/** Puts together what stands on a trunk's ends and on the NIC behind it. */
export class DomainFilterView {
  readonly #trunks: ReadonlyMap<NicId, Trunk>;
  readonly #broken: ReadonlySet<string>;
  /** Where a filter of a trunk belongs, by link. */
  readonly #places = new Map<string, Place>();
  readonly #found = new Map<NicId, Map<string, NicFilter>>();

  constructor({ trunks, broken }: Pick<ObservedTrunks, "trunks" | "broken">) {
    this.#trunks = trunks;
    this.#broken = broken;
    for (const [nic, trunk] of trunks) {
      if (trunk.kind !== "veth" || trunk.peer === "") continue;
      this.#places.set(trunk.device, { nic, program: FROM_WIRE });
      this.#places.set(trunk.peer, { nic, program: TO_NIC });
      this.#places.set(nic, { nic, program: FROM_NIC });
    }
  }

  /** False where it is no part of a way to a domain. */
  take(link: string, program: string, filter: NicFilter): boolean {
    const place = this.#places.get(link);
    if (place === undefined && program !== TO_NIC && program !== FROM_NIC) return false;
    const nic = place?.nic ?? (link as NicId);
    const parts = this.#found.get(nic) ?? new Map<string, NicFilter>();
    parts.set(link, program === place?.program ? filter : { ...filter, stale: true });
    this.#found.set(nic, parts);
    return true;
  }

  /** The NIC that a tap stands for. */
  nicOfTap(link: string): NicId | undefined {
    for (const [nic, trunk] of this.#trunks) if (trunk.kind === "tap" && trunk.device === link) return nic;
    return undefined;
  }

  /** Stale where one of the three is missing, is not alike to the others, or is another program. */
  filters(): ReadonlyMap<NicId, DomainFilter> {
    const filters = new Map<NicId, DomainFilter>();
    for (const [nic, parts] of this.#found) {
      const trunk = this.#trunks.get(nic);
      const ends = trunk?.kind === "veth" ? { device: trunk.device, peer: trunk.peer } : { device: "", peer: "" };
      const [first] = parts.values();
      const nicSlot = first?.nicSlot ?? 0;
      const links = ends.device === "" ? [] : [nic, ends.device, ends.peer];
      const whole =
        links.length > 0 &&
        !this.#broken.has(ends.device) &&
        links.every((link) => {
          const part = parts.get(link);
          return part !== undefined && !part.stale && part.nicSlot === nicSlot;
        });
      filters.set(nic, { nicSlot, ...ends, ...(whole ? {} : { stale: true as const }) });
    }
    return filters;
  }
}

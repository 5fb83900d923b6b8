import { setPriority } from "node:os";
import type { FabricId, HostSpec, NicId } from "@gona/model";
import type { Clock } from "../clock.ts";
import type { Hub } from "../hub.ts";
import type { LinkTable } from "../link-table.ts";
import type { Logger } from "../logger.ts";
import type { ProbeVerdict } from "../nic-monitor.ts";
import { FabricProber, type ProbeStanding } from "./fabric-prober.ts";
import type { PathAccess } from "./nic-port.ts";

export interface PathProberOptions {
  /** Absent: no path is probed. */
  readonly access?: PathAccess | undefined;
  readonly clock: Clock;
  readonly links: Pick<LinkTable, "isAlive">;
  readonly hub: Pick<Hub, "lastKnown">;
  readonly log: Logger;
  readonly onVerdict: (nic: NicId, verdict: ProbeVerdict, cause: string) => void;
  readonly onStall: (nic: NicId, isStalled: boolean, cause: string) => void;
}

/** Below this interval the scheduler's own latency counts. */
const HURRIED_MS = 50;
const HURRIED_NICENESS = -15;

interface Watch {
  /** What it was made for. */
  readonly key: string;
  readonly nics: readonly NicId[];
  readonly prober: FabricProber;
}

/** Watches the paths behind living carriers, in each fabric whose spec has a probe and that has two NICs or more. */
export class PathProber implements Disposable {
  readonly #options: PathProberOptions;
  readonly #watches = new Map<FabricId, Watch>();

  constructor(options: PathProberOptions) {
    this.#options = options;
  }

  /** Watches the fabrics of this spec (none: of no spec). */
  track(spec: HostSpec | undefined): void {
    const { access, onVerdict, onStall } = this.#options;
    if (access === undefined) return;
    const wanted = new Map(spec === undefined ? [] : this.#wanted(spec).map((watch) => [watch.fabric, watch] as const));
    for (const [fabric, { key, nics, prober }] of this.#watches) {
      if (wanted.get(fabric)?.key === key) continue;
      prober[Symbol.dispose]();
      this.#watches.delete(fabric);
      // The next watch finds out anew.
      for (const nic of nics) {
        onVerdict(nic, "alive", "its path is not probed");
        onStall(nic, false, "its path is not probed");
      }
    }
    if ([...wanted.values()].some(({ probe }) => probe.interval < HURRIED_MS)) this.#hurry();
    for (const { fabric, key, nics, probe } of wanted.values()) {
      if (this.#watches.has(fabric)) continue;
      const prober = this.#prober(nics, probe, access);
      this.#watches.set(fabric, { key, nics, prober });
      prober.start();
    }
  }

  /** To be told of carriers that come and go, and of links that are others now. */
  linkChanged(name: string, isOther: boolean): void {
    for (const { nics, prober } of this.#watches.values()) {
      if (nics.includes(name as NicId)) prober.linkChanged(name as NicId, isOther);
    }
  }

  /** Undefined: its path is not probed, or nothing is known yet. */
  standing(nic: NicId): ProbeStanding | undefined {
    for (const { nics, prober } of this.#watches.values()) if (nics.includes(nic)) return prober.standing(nic);
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const { prober } of this.#watches.values()) prober[Symbol.dispose]();
    this.#watches.clear();
  }

  /** This thread goes before ordinary processes: on a busy machine its turns would come late. */
  #hurry(): void {
    try {
      setPriority(HURRIED_NICENESS);
    } catch (err) {
      this.#options.log.warn({ err }, "the probe's thread has no priority over others");
    }
  }

  #wanted(spec: HostSpec) {
    return spec.fabrics.flatMap(({ name, probe }) => {
      const nics = spec.nics.filter((nic) => nic.fabric === name).map((nic) => nic.name);
      if (probe === undefined || nics.length < 2) return [];
      return [{ fabric: name, probe, nics, key: JSON.stringify([probe, nics]) }];
    });
  }

  #prober(nics: readonly NicId[], probe: NonNullable<HostSpec["fabrics"][number]["probe"]>, access: PathAccess) {
    const { clock, links, hub, log, onVerdict, onStall } = this.#options;
    return new FabricProber({
      probe,
      nics,
      access,
      clock,
      isAlive: (nic) => links.isAlive(nic),
      fabric: () => nics.map((nic) => hub.lastKnown.nics.get(nic)?.fabric).find((number) => number !== undefined),
      onVerdict: (nic, { verdict, cause }) => onVerdict(nic, verdict, cause),
      onStall,
      onError: (nic, err) => log.debug({ err, nic }, "a NIC cannot be probed now"),
    });
  }
}

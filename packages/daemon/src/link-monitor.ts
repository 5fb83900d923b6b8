import type { CarrierSeen } from "@gona/dataplane";
import type { Kernel, LinkEvent } from "@gona/kernel";
import type { EventLog } from "./event-log.ts";
import type { Hub } from "./hub.ts";
import type { LacpMonitor } from "./lacp/lacp-monitor.ts";
import type { LinkChange, LinkTable } from "./link-table.ts";
import type { Logger } from "./logger.ts";
import type { NicMonitor } from "./nic-monitor.ts";
import type { PathProber } from "./probe/path-prober.ts";
import type { Reconciler } from "./reconciler.ts";
import type { TapBackPressure } from "./tap-back-pressure.ts";

export interface LinkMonitorOptions {
  readonly kernel: Pick<Kernel, "link" | "links" | "watchLinks">;
  readonly table: LinkTable;
  readonly nics: NicMonitor;
  readonly hub: Hub;
  readonly reconciler: Reconciler;
  readonly taps: TapBackPressure;
  readonly lacp: Pick<LacpMonitor, "linkChanged">;
  readonly paths: Pick<PathProber, "linkChanged">;
  /** Absent: link events alone tell. */
  readonly carriers?: CarrierSource | undefined;
  /** A NIC that is just being moved between namespaces. */
  readonly isMoved?: (name: string) => boolean;
  readonly events: EventLog;
  readonly log: Logger;
}

/** Tells by slot what becomes of NICs' carriers, as soon as it is so. Throws GonaError where the kernel cannot. */
export type CarrierSource = (onChange: (slot: number, seen: CarrierSeen) => void) => Disposable;

/** Follows the hub's links and tells those who depend on them. */
export class LinkMonitor implements Disposable {
  readonly #options: LinkMonitorOptions;
  #watch: Disposable | undefined;
  #carriers: Disposable | undefined;
  /** By slot, those that were seen dead. */
  readonly #dead = new Map<number, string>();

  constructor(options: LinkMonitorOptions) {
    this.#options = options;
  }

  /** Watches first and lists then, so that nothing falls between. */
  start(): void {
    this.#watch = this.#options.kernel.watchLinks((event) => this.#take(event));
    this.#options.table.refresh(this.#options.kernel.links());
    this.#watchCarriers();
  }

  /** Lists all links anew: events may have been lost. */
  refresh(): void {
    const { kernel, table, reconciler } = this.#options;
    try {
      for (const change of table.refresh(kernel.links())) this.#changed(change);
    } catch (error) {
      reconciler.failed(error);
    }
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#carriers?.[Symbol.dispose]();
  }

  #watchCarriers(): void {
    const { carriers, log } = this.#options;
    try {
      this.#carriers = carriers?.((slot, seen) => this.#seen(slot, seen));
    } catch (err) {
      log.warn({ err }, "a NIC's loss will be known when the kernel tells of it, which may take a second");
    }
  }

  #seen(slot: number, seen: CarrierSeen): void {
    const { hub, table } = this.#options;
    // Of one that was dead the name is kept: the slot may be another's by now, or nobody's.
    const dead = this.#dead.get(slot);
    this.#dead.delete(slot);
    if (dead !== undefined) for (const change of table.seen(dead, true)) this.#changed(change);
    if (seen !== "dead") return;
    const name = [...hub.lastKnown.nics].find(([, entry]) => entry.slot === slot)?.[0];
    if (name === undefined) return;
    this.#dead.set(slot, name);
    for (const change of table.seen(name, false)) this.#changed(change);
  }

  #take(event: LinkEvent): void {
    const { table, hub, reconciler, log } = this.#options;
    if (event.kind !== "overrun") {
      for (const change of table.apply(this.#upToDate(event))) this.#changed(change);
      return;
    }
    const { reason } = event;
    if (reason === undefined) log.warn("the kernel dropped link messages; reading everything anew");
    hub.doubt();
    this.refresh();
    reconciler.soon(reason ?? "link messages were lost");
  }

  /** A link that was moved is told of by two namespaces, each in its own time: where it is now is what counts. */
  #upToDate(event: Exclude<LinkEvent, { kind: "overrun" }>): Exclude<LinkEvent, { kind: "overrun" }> {
    const { table, kernel } = this.#options;
    if (event.kind === "deleted") return event;
    const { name, domain } = event.link;
    if (!table.has(name) || table.domainOf(name) === domain) return event;
    const link = kernel.link(name);
    return link === undefined ? { ...event.link, kind: "deleted" } : { kind: "changed", link };
  }

  #changed(change: LinkChange): void {
    const { nics, hub, reconciler, taps, lacp, paths, events } = this.#options;
    const { kind, name } = change;
    nics.linkChanged(change);
    lacp.linkChanged(change);
    paths.linkChanged(name, kind !== "carrier");
    taps.linkChanged(name);
    const use = reconciler.target?.uses.get(name);
    if (kind === "carrier") return;
    const behind = reconciler.target?.trunks.get(name);
    if (behind !== undefined) {
      paths.linkChanged(behind, true);
      if (kind === "vanished") hub.doubt();
      if (kind === "vanished") reconciler.soon(`the trunk of NIC ${behind} vanished`);
    }
    if (use === undefined) return;
    // With a link its filters and classes went, and the entries that name it mean nothing.
    if (kind !== "appeared") hub.doubt();
    const message = `link ${name} ${kind === "replaced" ? "was replaced by another of its name" : kind}`;
    reconciler.soon(message);
    // What GONA has just moved or made itself is no news.
    if (this.#options.isMoved?.(name)) return;
    if (!hub.inDoubt && hub.lastKnown.vifFilters.has(name)) return;
    events.record({ kind: kind === "vanished" ? "link-vanished" : "link-appeared", subject: use, message });
  }
}

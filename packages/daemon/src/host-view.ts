import type { DomainView, GuestView, NicView, Status } from "@gona/api";
import type { Kernel } from "@gona/kernel";
import type { HostSpec } from "@gona/model";
import { isoTime } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { DataPlane } from "./data-plane.ts";
import type { DeliveryMonitor } from "./delivery/delivery-monitor.ts";
import { deliveryRow } from "./delivery/delivery-views.ts";
import { treeLink } from "./delivery/promised-tree.ts";
import { single } from "./delivery/recent-looks.ts";
import type { DomainControl } from "./domain/domain-control.ts";
import { domainViews } from "./domain/domain-views.ts";
import { guestViews } from "./guest-views.ts";
import { nicViews } from "./nic-views.ts";
import { pendingView } from "./pending-view.ts";

export interface HostViewOptions {
  readonly controller: Controller;
  readonly kernel: Pick<Kernel, "link">;
  readonly dataPlane: DataPlane;
  readonly delivery: DeliveryMonitor;
  readonly domains: Pick<DomainControl, "standing">;
  readonly version: string;
  readonly startedAtMs: number;
}

const NO_SPEC: HostSpec = { domains: [], fabrics: [], nics: [], guests: [] };

/** The host as clients see it, at the moment of each call. */
export class HostView {
  readonly #options: HostViewOptions;

  constructor(options: HostViewOptions) {
    this.#options = options;
  }

  status(): Status {
    const { controller, dataPlane, version, startedAtMs } = this.#options;
    const { standing, target } = controller.reconciler;
    const failures = [standing.reconcileFailure, standing.applyFailure].filter((failure) => failure !== undefined);
    const drops = this.#drops();
    const lastError = failures.sort((a, b) => b.atMs - a.atMs)[0];
    return {
      converged: standing.state === "converged",
      state: standing.state,
      revision: target?.revision ?? 0,
      version,
      pid: process.pid,
      startedAt: isoTime(startedAtMs),
      pending: pendingView(standing.pending),
      lastError: lastError ? { code: lastError.code, message: lastError.message, at: isoTime(lastError.atMs) } : null,
      nics: this.nics(drops),
      guests: this.guests(drops),
      domains: this.domains(),
      short: this.#short(),
      verdicts: Object.fromEntries([...dataPlane.verdicts()].map(([name, packets]) => [name, Number(packets)])),
    };
  }

  nics(drops = this.#drops()): NicView[] {
    const { controller, kernel } = this.#options;
    const { pending } = controller.reconciler.standing;
    return nicViews({
      spec: this.#spec(),
      nics: controller.nics,
      lacp: controller.lacp,
      paths: controller.paths,
      pending,
      kernel,
      drops,
    });
  }

  guests(drops = this.#drops()): GuestView[] {
    const { controller, dataPlane, delivery } = this.#options;
    const { pending } = controller.reconciler.standing;
    delivery.watch();
    return guestViews({ spec: this.#spec(), hub: controller.hub.lastKnown, pending, drops, dataPlane, delivery });
  }

  domains(): DomainView[] {
    const { domains, startedAtMs } = this.#options;
    return domainViews(this.#spec(), domains.standing, startedAtMs);
  }

  #short(): Status["short"] {
    const { atMs, rows } = this.#options.delivery.newest;
    return rows.filter(({ short }) => short).map((row) => deliveryRow(single(atMs, row)));
  }

  /** By the link of each queue tree. */
  #drops(): ReadonlyMap<string, ReadonlyMap<number, bigint>> {
    const { controller, dataPlane } = this.#options;
    const links = this.#spec().nics.flatMap(({ name }) =>
      (["egress", "ingress"] as const).map((direction) => treeLink(controller.hub.lastKnown, name, direction)),
    );
    const known = links.filter((link) => link !== undefined);
    const fair = new Set<string>();
    for (const { link, leaf, parts } of controller.hub.lastKnown.slices.values())
      if (leaf?.codel !== undefined || parts.some((part) => part.leaf.codel !== undefined)) fair.add(link);
    return new Map(known.map((link) => [link, dataPlane.queueDrops(link, fair.has(link))]));
  }

  #spec(): HostSpec {
    return this.#options.controller.reconciler.target?.spec ?? NO_SPEC;
  }
}

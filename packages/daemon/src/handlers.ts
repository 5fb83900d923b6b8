import type { RevisionView, ROUTES, RouteName, RouteReply, RouteRequest } from "@gona/api";
import type { NicId } from "@gona/model";
import { type Clock, isoTime } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { DataPlane } from "./data-plane.ts";
import type { DeliveryMonitor } from "./delivery/delivery-monitor.ts";
import { queryDelivery } from "./delivery/delivery-views.ts";
import type { DomainControl } from "./domain/domain-control.ts";
import { domainView } from "./domain/domain-views.ts";
import type { EventLog } from "./event-log.ts";
import { explain } from "./explain.ts";
import type { HostView } from "./host-view.ts";
import { checkSpec, planSpec } from "./plan-view.ts";
import type { Store } from "./store.ts";

export interface HandlerSources {
  readonly controller: Controller;
  readonly view: HostView;
  readonly events: EventLog;
  readonly store: Store;
  readonly dataPlane: Pick<DataPlane, "balance">;
  readonly delivery: DeliveryMonitor;
  readonly domains: Pick<DomainControl, "restart" | "exec">;
  readonly clock: Pick<Clock, "nowMs" | "monotonicMs">;
  /** Golden text of the kernel's state. */
  readonly dump: () => string;
}

/** One function per route of the table; a route without one does not compile. */
export type Handlers = {
  readonly [N in RouteName]: (
    request: RouteRequest<(typeof ROUTES)[N]>,
  ) => RouteReply<(typeof ROUTES)[N]> | Promise<RouteReply<(typeof ROUTES)[N]>>;
};

const HISTORY = 100;

export function createHandlers(sources: HandlerSources): Handlers {
  const { controller, view, events, store, delivery, domains, clock, dump } = sources;
  const { applier } = controller;
  return {
    status: () => view.status(),
    nics: () => view.nics(),
    guests: () => view.guests(),
    slices: () => view.guests().flatMap((guest) => guest.slices),
    delivery: ({ query }) => queryDelivery(delivery, query, clock.nowMs()),
    domains: () => view.domains(),
    domainExec: ({ body }) => domains.exec(body.domain, body.script),
    domainRestart: async ({ body }) => {
      const fromMs = clock.monotonicMs();
      const domain = domainView(await domains.restart(body.domain));
      return { domain, durationMs: clock.monotonicMs() - fromMs };
    },
    events: ({ query }) => events.recent(query),
    check: ({ body }) => checkSpec(controller, body),
    plan: ({ body }) => planSpec(controller, body),
    apply: ({ body }) => applier.apply(body),
    history: () => revisions(store, controller.reconciler.target?.revision),
    rollback: ({ body }) => applier.rollback(body.revision),
    teardown: () => applier.teardown(),
    drain: ({ body }) => controller.drainer.drain(body.nic as NicId),
    undrain: ({ body }) => controller.drainer.undrain(body.nic as NicId),
    explain: ({ query }) => explain(sources, query.guest, query.flow),
    dump,
  };
}

const revisions = (store: Store, current: number | undefined): RevisionView[] =>
  store
    .history(HISTORY)
    .map(({ atMs, ...rest }) => ({ ...rest, at: isoTime(atMs), current: rest.revision === current }));

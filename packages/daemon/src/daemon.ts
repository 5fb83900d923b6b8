import { hostNamespaces, type Kernel, type Taps } from "@gona/kernel";
import type { Nanoseconds } from "@gona/model";
import { systemClock } from "./clock.ts";
import { Controller, type ControllerOptions } from "./controller.ts";
import type { DataPlane } from "./data-plane.ts";
import { createDeliveryMonitor, openDeliveryHistory } from "./delivery/open-delivery.ts";
import type { Backends } from "./domain/domain-backend.ts";
import type { DomainFiles } from "./domain/domain-files.ts";
import { DomainSupervisor } from "./domain/domain-supervisor.ts";
import { NO_DOMAINS } from "./domain/no-domains.ts";
import { dumpHub } from "./dump.ts";
import { EventLog } from "./event-log.ts";
import { createHandlers } from "./handlers.ts";
import { HostView } from "./host-view.ts";
import { createHttpServer } from "./http-server.ts";
import type { FrameSource } from "./lacp/lacp-actor.ts";
import type { CarrierSource } from "./link-monitor.ts";
import type { Logger } from "./logger.ts";
import type { PathAccess } from "./probe/nic-port.ts";
import type { Store } from "./store.ts";
import type { AskVfs } from "./vf-offers.ts";

export interface DaemonParts {
  readonly kernel: Kernel;
  readonly dataPlane: DataPlane;
  readonly store: Store;
  readonly log: Logger;
  readonly version: string;
  readonly stateDir: string;
  /** 95th percentile; absent: not measured. */
  readonly timerLateness?: Nanoseconds;
  /** The kernel has fq_codel. */
  readonly fqCodel?: boolean;
  /** ControllerOptions.offersOffload. */
  readonly offersOffload?: (link: string) => boolean;
  /** ControllerOptions.askVfs. */
  readonly askVfs?: AskVfs;
  /** ControllerOptions.frames. */
  readonly frames?: FrameSource;
  /** ControllerOptions.paths. */
  readonly paths?: PathAccess;
  /** ControllerOptions.carriers. */
  readonly carriers?: CarrierSource;
  /** Absent: there are no driver domains but the hub. */
  readonly domains?: { readonly backends: Backends; readonly files: DomainFiles };
  /** ControllerOptions.placing. */
  readonly placing?: NonNullable<ControllerOptions["placing"]>;
  /** Absent: taps get no back-pressure. */
  readonly taps?: Taps;
}

/** The daemon without its process: a controller and a monitor, not started, and a server, not listening. */
export function assembleDaemon(parts: DaemonParts) {
  const {
    kernel,
    dataPlane,
    store,
    log,
    version,
    stateDir,
    timerLateness,
    fqCodel,
    offersOffload,
    askVfs,
    taps,
    frames,
    paths,
    carriers,
  } = parts;
  const clock = systemClock;
  const events = new EventLog(store, clock, log);
  const { domains: domainParts, placing } = parts;
  const supervisor = domainParts && new DomainSupervisor({ ...domainParts, clock, events, log });
  const domains = supervisor ?? NO_DOMAINS;
  const controller = new Controller({
    kernel,
    namespaces: hostNamespaces,
    dataPlane,
    store,
    clock,
    events,
    log,
    domains,
    ...(placing && { placing }),
    ...(timerLateness === undefined ? {} : { timerLateness }),
    ...(fqCodel && { fqCodel }),
    ...(offersOffload === undefined ? {} : { offersOffload }),
    ...(askVfs === undefined ? {} : { askVfs }),
    ...(taps === undefined ? {} : { taps }),
    ...(frames === undefined ? {} : { frames }),
    ...(paths === undefined ? {} : { paths }),
    ...(carriers === undefined ? {} : { carriers }),
  });
  const history = openDeliveryHistory(stateDir, events);
  const delivery = createDeliveryMonitor({ controller, kernel, dataPlane, history, clock, events, log });
  const view = new HostView({ controller, kernel, dataPlane, delivery, domains, version, startedAtMs: clock.nowMs() });
  const dump = () => dumpHub(kernel, controller.hub.lastKnown);
  const handlers = createHandlers({ controller, view, events, store, dataPlane, delivery, domains, clock, dump });
  return {
    controller,
    supervisor,
    delivery,
    history,
    events,
    server: createHttpServer({ handlers, events, delivery, log }),
  };
}

import { ROUTES, type RouteName } from "@gona/api";
import { fakeHubKernel } from "@gona/dataplane";
import { type FakeKernel, formatKernelState } from "@gona/kernel";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { Controller } from "../src/controller.ts";
import type { DeliveryMonitor } from "../src/delivery/delivery-monitor.ts";
import { createDeliveryMonitor } from "../src/delivery/open-delivery.ts";
import { SqliteDeliveryHistory } from "../src/delivery/sqlite-delivery-history.ts";
import { NO_DOMAINS } from "../src/domain/no-domains.ts";
import { EventLog } from "../src/event-log.ts";
import { createHandlers } from "../src/handlers.ts";
import { HostView } from "../src/host-view.ts";
import { createHttpServer } from "../src/http-server.ts";
import { silentLogger } from "../src/logger.ts";
import { SqliteStore } from "../src/sqlite-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeHubDataPlane } from "./fake-hub-data-plane.ts";
import { FakeNamespaces } from "./fake-namespaces.ts";

export interface ApiBed extends AsyncDisposable {
  readonly kernel: FakeKernel;
  readonly clock: FakeClock;
  /** Not started: looks when it is asked. */
  readonly delivery: DeliveryMonitor;
  readonly controller: Controller;
  readonly server: FastifyInstance;
  call(name: RouteName, input?: { query?: Record<string, string>; body?: object }): Promise<LightMyRequestResponse>;
}

/** All of the daemon but the process: HTTP down to the operations of a kernel in memory. */
export async function makeApiBed(kernel: FakeKernel = makeKernel()): Promise<ApiBed> {
  const clock = new FakeClock();
  const log = silentLogger();
  const store = SqliteStore.open(":memory:");
  const events = new EventLog(store, clock, log);
  const dataPlane = new FakeHubDataPlane(kernel);
  const controller = new Controller({ kernel, namespaces: new FakeNamespaces(), dataPlane, store, clock, events, log });
  const history = SqliteDeliveryHistory.open(":memory:");
  const delivery = createDeliveryMonitor({ controller, kernel, dataPlane, history, clock, events, log });
  const view = new HostView({
    domains: NO_DOMAINS,
    controller,
    kernel,
    dataPlane,
    delivery,
    version: "0.0.0-test",
    startedAtMs: clock.nowMs(),
  });
  const handlers = createHandlers({
    domains: NO_DOMAINS,
    controller,
    view,
    events,
    store,
    dataPlane,
    delivery,
    clock,
    dump: () => formatKernelState(kernel),
  });
  const server = createHttpServer({ handlers, events, delivery, log });
  await controller.start();
  return {
    kernel,
    clock,
    delivery,
    controller,
    server,
    call: (name, { query, body } = {}) =>
      server.inject({
        method: ROUTES[name].method,
        url: ROUTES[name].path,
        ...(query && { query }),
        ...(body && { payload: body }),
      }),
    async [Symbol.asyncDispose]() {
      await server.close();
      delivery[Symbol.dispose]();
      history[Symbol.dispose]();
      await controller[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

export function makeKernel(): FakeKernel {
  const kernel = fakeHubKernel();
  for (const name of ["eth1", "eth2", "tap-web1"]) kernel.addLink({ name, up: true });
  return kernel;
}

import { FakeKernel } from "@gona/kernel";
import { Controller } from "../src/controller.ts";
import { EventLog } from "../src/event-log.ts";
import type { FrameSource } from "../src/lacp/lacp-actor.ts";
import type { CarrierSource } from "../src/link-monitor.ts";
import { silentLogger } from "../src/logger.ts";
import { SqliteStore } from "../src/sqlite-store.ts";
import type { Store } from "../src/store.ts";
import type { AskVfs } from "../src/vf-offers.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import { FakeNamespaces } from "./fake-namespaces.ts";
import { MemoryDataPlane } from "./memory-data-plane.ts";

/** Two NICs of one fabric and guests over both. */
export const specText = (guests: readonly string[] = ["web1"], limit = "1Gbit"): string => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack, failback: 2s }
  - { name: eth2, capacity: 10Gbit, fabric: rack, failback: 2s }
guests:
${guests
  .map(
    (name, n) => `  - name: ${name}
    vif: { device: tap-${name}, mac: "52:54:00:aa:00:0${n + 1}", addresses: [10.0.0.${n + 11}] }
    aggregate:
      balance: hash
      slices:
        - { nic: eth1, egress: { reserve: 100Mbit, limit: ${limit} } }
        - { nic: eth2, egress: { reserve: 100Mbit, limit: ${limit} } }`,
  )
  .join("\n")}
`;

export interface Bed extends AsyncDisposable {
  readonly kernel: FakeKernel;
  readonly namespaces: FakeNamespaces;
  readonly plane: MemoryDataPlane;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly events: EventLog;
  controller: Controller;
  /** Ends the controller as a stop does, and puts a new one in its place, not started. */
  restart(): Promise<Controller>;
  /** Leaves the controller where it hangs, as SIGKILL does, and puts a new one in its place, not started. */
  crash(): Controller;
}

/** A controller over a kernel that has eth1, eth2 and tap-web1, and a store in memory. */
export function makeBed(
  options: {
    store?: (store: Store) => Store;
    giveBackMemory?: () => void;
    offersOffload?: (link: string) => boolean;
    askVfs?: AskVfs;
    frames?: FrameSource;
    carriers?: CarrierSource;
  } = {},
): Bed {
  const kernel = new FakeKernel();
  for (const name of ["eth1", "eth2", "tap-web1"]) kernel.addLink({ name, up: true });
  const namespaces = new FakeNamespaces();
  const plane = new MemoryDataPlane();
  const clock = new FakeClock();
  const sqlite = SqliteStore.open(":memory:");
  const store = options.store?.(sqlite) ?? sqlite;
  const log = silentLogger();
  const events = new EventLog(store, clock, log);
  const { store: _wrapped, ...given } = options;
  const create = () => new Controller({ kernel, namespaces, dataPlane: plane, store, clock, events, log, ...given });
  const bed: Bed = {
    kernel,
    namespaces,
    plane,
    clock,
    store,
    events,
    controller: create(),
    async restart() {
      await bed.controller[Symbol.asyncDispose]();
      bed.controller = create();
      return bed.controller;
    },
    crash() {
      bed.controller = create();
      return bed.controller;
    },
    async [Symbol.asyncDispose]() {
      await bed.controller[Symbol.asyncDispose]();
      sqlite[Symbol.dispose]();
    },
  };
  return bed;
}

export { settle };

import { join } from "node:path";
import type { Kernel } from "@gona/kernel";
import type { Clock } from "../clock.ts";
import type { Controller } from "../controller.ts";
import type { DataPlane } from "../data-plane.ts";
import type { EventLog } from "../event-log.ts";
import type { Logger } from "../logger.ts";
import { messageOf } from "../standing.ts";
import type { DeliveryHistory } from "./delivery-history.ts";
import { DeliveryMonitor } from "./delivery-monitor.ts";
import { DeliverySampler } from "./delivery-sampler.ts";
import { SqliteDeliveryHistory } from "./sqlite-delivery-history.ts";

export interface DeliveryParts {
  readonly controller: Controller;
  readonly kernel: Pick<Kernel, "classCounters">;
  readonly dataPlane: Pick<DataPlane, "sliceCounters">;
  readonly history: DeliveryHistory | undefined;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
}

/** A monitor of what a controller keeps up, not started. */
export function createDeliveryMonitor(parts: DeliveryParts): DeliveryMonitor {
  const { controller, kernel, dataPlane, clock } = parts;
  const sampler = new DeliverySampler({
    kernel,
    dataPlane,
    clock,
    isLost: (nic) => !controller.hub.lastKnown.nics.has(nic) || controller.nics.standing(nic)?.phase === "down",
  });
  const source = () => {
    const { target } = controller.reconciler;
    return target === undefined ? undefined : { spec: target.spec, hub: controller.hub.lastKnown };
  };
  return new DeliveryMonitor({ ...parts, sampler, source });
}

/** The history in a state dir; undefined, with an event, where it cannot be kept there. */
export function openDeliveryHistory(stateDir: string, events: EventLog): SqliteDeliveryHistory | undefined {
  try {
    return SqliteDeliveryHistory.open(join(stateDir, "history.db"));
  } catch (error) {
    events.record({ kind: "history-failed", message: `no history of deliveries is kept: ${messageOf(error)}` });
    return undefined;
  }
}

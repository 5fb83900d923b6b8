import { type DeliveryQuery, formatSse } from "@gona/api";
import type { FastifyReply } from "fastify";
import { openEventStream } from "../event-stream.ts";
import type { DeliveryMonitor } from "./delivery-monitor.ts";
import { lookRows } from "./delivery-views.ts";

/** Answers with the rows of each look from now on, until the client goes. */
export function streamDelivery(reply: FastifyReply, monitor: DeliveryMonitor, query: DeliveryQuery): void {
  const stream = openEventStream(reply);
  let id = 0;
  stream.until(monitor.follow(({ atMs, rows }) => stream.write(formatSse(++id, lookRows(atMs, rows, query)))));
}

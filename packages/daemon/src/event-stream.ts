import { formatSse, SSE_KEEPALIVE } from "@gona/api";
import type { FastifyReply } from "fastify";
import type { EventLog } from "./event-log.ts";
import type { EventQuery } from "./store.ts";

const KEEPALIVE_MS = 15_000;

/** Answers with recent events and then each as it happens, until the client goes. */
export function streamEvents(reply: FastifyReply, events: EventLog, query: EventQuery): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for (const event of events.recent(query)) raw.write(formatSse(event.id, event));
  // Nothing can come between: both happen in one turn of the event loop.
  const following = events.follow((event) => raw.write(formatSse(event.id, event)));
  const alive = setInterval(() => raw.write(SSE_KEEPALIVE), KEEPALIVE_MS).unref();
  raw.once("close", () => {
    clearInterval(alive);
    following[Symbol.dispose]();
  });
}

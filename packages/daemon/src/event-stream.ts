import { formatSse, SSE_KEEPALIVE } from "@gona/api";
import type { FastifyReply } from "fastify";
import type { EventLog } from "./event-log.ts";
import type { EventQuery } from "./store.ts";

const KEEPALIVE_MS = 15_000;

/** A stream of server-sent events that was begun as the answer to a request. */
export interface EventStream {
  write(text: string): void;
  /** Disposed of when the client goes. */
  until(source: Disposable): void;
}

/** Takes the answer over. */
export function openEventStream(reply: FastifyReply): EventStream {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const alive = setInterval(() => raw.write(SSE_KEEPALIVE), KEEPALIVE_MS).unref();
  raw.once("close", () => clearInterval(alive));
  return {
    write: (text) => void raw.write(text),
    until: (source) => void raw.once("close", () => source[Symbol.dispose]()),
  };
}

/** Answers with recent events and then each as it happens, until the client goes. */
export function streamEvents(reply: FastifyReply, events: EventLog, query: EventQuery): void {
  const stream = openEventStream(reply);
  for (const event of events.recent(query)) stream.write(formatSse(event.id, event));
  // Nothing can come between: both happen in one turn of the event loop.
  stream.until(events.follow((event) => stream.write(formatSse(event.id, event))));
}

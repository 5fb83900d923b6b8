import { type DeliveryQuery, httpStatusOf, ROUTES, type RouteName, toErrorBody } from "@gona/api";
import { GonaError } from "@gona/model";
import { type FastifyError, type FastifyInstance, fastify } from "fastify";
import type { z } from "zod";
import type { DeliveryMonitor } from "./delivery/delivery-monitor.ts";
import { streamDelivery } from "./delivery/delivery-stream.ts";
import type { EventLog } from "./event-log.ts";
import { streamEvents } from "./event-stream.ts";
import type { Handlers } from "./handlers.ts";
import type { Logger } from "./logger.ts";
import type { EventQuery } from "./store.ts";

/** JSON may take twice the room of the text in it; the spec's own limit is checked after. */
const BODY_LIMIT_BYTES = 16_000_000;

export interface HttpServerOptions {
  readonly handlers: Handlers;
  readonly events: EventLog;
  readonly delivery: DeliveryMonitor;
  readonly log: Logger;
}

/** Serves the route table. Not listening yet: tests `inject`, the daemon listens on its socket. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { log } = options;
  const server = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true });
  server.setErrorHandler((error: Error, request, reply) => {
    const known = asGonaError(error);
    if (known.code === "BUG") log.error({ err: error, url: request.url }, "a request failed for a reason of our own");
    return reply.status(httpStatusOf(known)).send(toErrorBody(known));
  });
  server.setNotFoundHandler((request) => {
    throw new GonaError("USAGE", `there is no ${request.method} ${request.url}`);
  });
  // A route without a body takes any, as curl and others send.
  server.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
  for (const name of Object.keys(ROUTES) as RouteName[]) addRoute(server, name, options);
  return server;
}

function addRoute(server: FastifyInstance, name: RouteName, options: HttpServerOptions): void {
  const { handlers, events, delivery } = options;
  const { method, path, query, body, reply: answer } = ROUTES[name];
  // The table gives each handler its own types; here they are all alike.
  const handle = handlers[name] as (request: unknown) => unknown;
  server.route({
    method,
    url: path,
    handler: async (request, reply) => {
      const input = { query: read(query, request.query, "query"), body: read(body, request.body, "body") };
      if (isFollowing(input.query)) {
        // Checked against the route's own schema above.
        if (name === "events") return streamEvents(reply, events, input.query as object as EventQuery);
        if (name === "delivery") return streamDelivery(reply, delivery, input.query as object as DeliveryQuery);
      }
      const result = await handle(input);
      return reply.type(answer === "text" ? "text/plain; charset=utf-8" : "application/json").send(result);
    },
  });
}

/** Checked and with defaults filled in; throws USAGE. */
function read(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = [where, ...(issue?.path ?? [])].join(".");
  throw new GonaError("USAGE", `${place}: ${issue?.message ?? "not as expected"}`);
}

const isFollowing = (query: unknown): query is { follow: "1" } =>
  typeof query === "object" && query !== null && "follow" in query && query.follow === "1";

function asGonaError(error: Error): GonaError {
  if (error instanceof GonaError) return error;
  const { statusCode, code } = error as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new GonaError("SPEC_TOO_LARGE", `the request has more than ${BODY_LIMIT_BYTES} bytes`, {}, { cause: error });
  }
  if (statusCode !== undefined && statusCode < 500) return new GonaError("USAGE", error.message, {}, { cause: error });
  return new GonaError("BUG", error.message, { hint: "please report this, with the daemon's log" }, { cause: error });
}

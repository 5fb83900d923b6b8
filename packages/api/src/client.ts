import type { IncomingMessage } from "node:http";
import { GonaError } from "@gona/model";
import type { ApplyResult } from "./apply-result.ts";
import { type DeliveryRow, deliveryRowSchema } from "./delivery.ts";
import type { DomainExecResult, DomainRestartResult, DomainView } from "./domain-view.ts";
import type { DrainResult } from "./drain-result.ts";
import { errorBodySchema, fromErrorBody } from "./error-body.ts";
import type { Explanation } from "./explanation.ts";
import type { GuestView, SliceView } from "./guest-view.ts";
import { type HostEvent, hostEventSchema } from "./host-event.ts";
import type { NicView } from "./nic-view.ts";
import type { CheckResult, PlanResult } from "./plan-result.ts";
import type { RevisionView } from "./revision-view.ts";
import type { RouteInput, RouteReply } from "./route.ts";
import { ROUTES, type RouteName } from "./routes.ts";
import { DEFAULT_RUN_DIR, socketPath } from "./socket-path.ts";
import type { SpecRequest } from "./spec-request.ts";
import { readSse } from "./sse.ts";
import type { Status } from "./status.ts";
import { brokeOff, readText, unixRequest } from "./unix-request.ts";

export interface ClientOptions {
  /** Of the daemon; /run/gona unless given. */
  readonly runDir?: string;
  /** Ends every call of this client. */
  readonly signal?: AbortSignal;
}

type Table = typeof ROUTES;

/** Whose deliveries, and since when. */
export interface DeliveryAsked {
  readonly guest?: string;
  readonly nic?: string;
  readonly since?: string;
  readonly step?: number;
}

/**
 * Talks to a daemon over its unix socket. Each call throws GonaError: the daemon's own error by its
 * code, or DAEMON_UNREACHABLE. Replies are checked against the schemas.
 */
export class GonaClient {
  readonly socketPath: string;
  readonly #signal: AbortSignal | undefined;

  constructor(options: ClientOptions = {}) {
    this.socketPath = socketPath(options.runDir ?? DEFAULT_RUN_DIR);
    this.#signal = options.signal;
  }

  /** Any route of the table. */
  async call<N extends RouteName>(name: N, input: RouteInput<Table[N]>): Promise<RouteReply<Table[N]>> {
    const { reply } = ROUTES[name];
    const response = await this.#open(name, input.query, input.body);
    const text = await readText(response, this.socketPath);
    return (reply === "text" ? text : reply.parse(JSON.parse(text))) as RouteReply<Table[N]>;
  }

  status = (): Promise<Status> => this.call("status", none);
  nics = (): Promise<NicView[]> => this.call("nics", none);
  guests = (): Promise<GuestView[]> => this.call("guests", none);
  slices = (): Promise<SliceView[]> => this.call("slices", none);
  domains = (): Promise<DomainView[]> => this.call("domains", none);
  history = (): Promise<RevisionView[]> => this.call("history", none);
  dump = (): Promise<string> => this.call("dump", none);
  teardown = (): Promise<ApplyResult> => this.call("teardown", none);
  check = (body: SpecRequest): Promise<CheckResult> => this.call("check", { query: undefined, body });
  plan = (body: SpecRequest): Promise<PlanResult> => this.call("plan", { query: undefined, body });
  apply = (body: SpecRequest): Promise<ApplyResult> => this.call("apply", { query: undefined, body });
  rollback = (revision: number): Promise<ApplyResult> =>
    this.call("rollback", { query: undefined, body: { revision } });
  domainRestart = (domain: string): Promise<DomainRestartResult> =>
    this.call("domainRestart", { query: undefined, body: { domain } });
  domainExec = (domain: string, script: string): Promise<DomainExecResult> =>
    this.call("domainExec", { query: undefined, body: { domain, script } });
  drain = (nic: string): Promise<DrainResult> => this.call("drain", { query: undefined, body: { nic } });
  undrain = (nic: string): Promise<DrainResult> => this.call("undrain", { query: undefined, body: { nic } });
  explain = (guest: string, flow?: string): Promise<Explanation> =>
    this.call("explain", { query: { guest, ...(flow !== undefined && { flow }) }, body: undefined });
  /** The newest events, oldest first; `after` leaves out those up to that id. */
  events = (query: { after?: number; limit?: number } = {}): Promise<HostEvent[]> =>
    this.call("events", { query, body: undefined });

  /** Promise against delivery: the last second, or what was since a time (ISO 8601). */
  delivery = (query: DeliveryAsked = {}): Promise<DeliveryRow[]> => this.call("delivery", { query, body: undefined });

  /** The rows of each second, until `signal` or the daemon ends it. */
  async *followDelivery(query: DeliveryAsked = {}, signal?: AbortSignal): AsyncGenerator<DeliveryRow[]> {
    for await (const data of this.#follow("delivery", query, signal)) {
      yield deliveryRowSchema.array().parse(JSON.parse(data));
    }
  }

  /** Recent events and then each as it happens, until `signal` or the daemon ends it. */
  async *followEvents(query: { after?: number; limit?: number } = {}, signal?: AbortSignal): AsyncGenerator<HostEvent> {
    for await (const data of this.#follow("events", query, signal)) yield hostEventSchema.parse(JSON.parse(data));
  }

  async *#follow(name: RouteName, query: object, signal?: AbortSignal): AsyncGenerator<string> {
    const response = await this.#open(name, { ...query, follow: "1" }, undefined, signal);
    response.setEncoding("utf8");
    try {
      yield* readSse(response);
    } catch (error) {
      if (signal?.aborted || this.#signal?.aborted) return;
      throw brokeOff(error, this.socketPath);
    } finally {
      response.destroy();
    }
  }

  async #open(name: RouteName, query: unknown, body: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    const { method, path } = ROUTES[name];
    const signals = [this.#signal, signal].filter((s) => s !== undefined);
    const response = await unixRequest({
      socketPath: this.socketPath,
      method,
      path: path + queryText(query),
      ...(body !== undefined && { json: body }),
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    });
    if (response.statusCode === 200) return response;
    throw errorOf(response.statusCode ?? 0, await readText(response, this.socketPath));
  }
}

const none = { query: undefined, body: undefined };

function queryText(query: unknown): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) text.set(name, String(value));
  return text.size === 0 ? "" : `?${text.toString()}`;
}

function errorOf(status: number, text: string): GonaError {
  try {
    const body = errorBodySchema.safeParse(JSON.parse(text));
    if (body.success) return fromErrorBody(body.data);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return new GonaError("BUG", `the daemon answered HTTP ${status}: ${text.slice(0, 200)}`);
}

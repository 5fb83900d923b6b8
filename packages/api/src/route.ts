import type { z } from "zod";

/** What a route answers: JSON of a schema, plain text, or a stream of server-sent events. */
export type Answer = z.ZodType | "text";

/** One line of the route table: the daemon serves it, the client calls it, the docs list it. */
export interface Route<
  Query extends z.ZodType | undefined = z.ZodType | undefined,
  Body extends z.ZodType | undefined = z.ZodType | undefined,
  Reply extends Answer = Answer,
> {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly summary: string;
  readonly query: Query;
  readonly body: Body;
  readonly reply: Reply;
}

type InputOf<S> = S extends z.ZodType ? z.input<S> : undefined;
type OutputOf<S> = S extends z.ZodType ? z.output<S> : undefined;

/** What a caller hands in, before defaults are filled in. */
export interface RouteInput<R extends Route> {
  readonly query: InputOf<R["query"]>;
  readonly body: InputOf<R["body"]>;
}
/** What a handler is given. */
export interface RouteRequest<R extends Route> {
  readonly query: OutputOf<R["query"]>;
  readonly body: OutputOf<R["body"]>;
}
/** What comes back. */
export type RouteReply<R extends Route> = R["reply"] extends z.ZodType ? z.output<R["reply"]> : string;

export const get = <Q extends z.ZodType | undefined, A extends Answer>(
  path: string,
  summary: string,
  query: Q,
  reply: A,
): Route<Q, undefined, A> => ({ method: "GET", path, summary, query, body: undefined, reply });

export const post = <B extends z.ZodType | undefined, A extends Answer>(
  path: string,
  summary: string,
  body: B,
  reply: A,
): Route<undefined, B, A> => ({ method: "POST", path, summary, query: undefined, body, reply });

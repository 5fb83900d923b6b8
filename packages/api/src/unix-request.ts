import { type IncomingMessage, request } from "node:http";
import { GonaError } from "@gona/model";

export interface UnixRequest {
  readonly socketPath: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly json?: unknown;
  readonly signal?: AbortSignal;
}

const NOBODY_THERE = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR"]);

/** What a failing stream of an answer means; an error of the catalogue stays. */
export function brokeOff(error: unknown, path: string): unknown {
  const isSystem = error instanceof Error && "code" in error && !(error instanceof GonaError);
  return isSystem ? explainFailure(error as NodeJS.ErrnoException, path) : error;
}

function explainFailure(error: NodeJS.ErrnoException, path: string): GonaError {
  const options = { cause: error };
  if (error.code !== undefined && NOBODY_THERE.has(error.code)) {
    const hint = "start one with `gona daemon`, or name its run dir with --run-dir";
    return new GonaError("DAEMON_UNREACHABLE", `no daemon answers at ${path}`, { hint }, options);
  }
  if (error.code === "EACCES") {
    const hint = "be root or a member of the group gona";
    return new GonaError("DAEMON_UNREACHABLE", `may not connect to ${path}`, { hint }, options);
  }
  return new GonaError("DAEMON_UNREACHABLE", `the daemon at ${path} broke off: ${error.message}`, {}, options);
}

/** One HTTP request over a unix socket; the body is left to read. Throws DAEMON_UNREACHABLE. */
export function unixRequest(options: UnixRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const payload = options.json === undefined ? undefined : Buffer.from(JSON.stringify(options.json));
  const call = request({
    socketPath: options.socketPath,
    method: options.method,
    path: options.path,
    agent: false,
    ...(options.signal && { signal: options.signal }),
    ...(payload && { headers: { "content-type": "application/json", "content-length": payload.length } }),
  });
  call.once("response", resolve);
  call.once("error", (error: NodeJS.ErrnoException) => reject(explainFailure(error, options.socketPath)));
  call.end(payload);
  return promise;
}

/** The whole body as text. Throws DAEMON_UNREACHABLE when the daemon goes before the end. */
export async function readText(response: IncomingMessage, path: string): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  try {
    for await (const chunk of response as AsyncIterable<string>) text += chunk;
  } catch (error) {
    throw brokeOff(error, path);
  }
  return text;
}

import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import {
  BUSY,
  endRequest,
  type Hello,
  type HelloReply,
  helloRequest,
  pingRequest,
  rpcOver,
  runRequest,
} from "@gona/agent";
import { type DomainWriter, describeOp, KernelError, type KernelOp } from "@gona/kernel";
import { GonaError } from "@gona/model";

/** Of a connection's first answer; a starting Node on a busy machine may take long. */
const HELLO_MS = 10_000;
/** A list of operations takes no longer: the heartbeat finds an agent that hangs long before. */
const RUN_MS = 60_000;
/** An earlier daemon's connection ends with it, but the agent may hear of the new one first. */
const BUSY_TRIES = 40;
const BUSY_PAUSE_MS = 25;

type Connection = ReturnType<typeof rpcOver>;

/** The daemon's end of the connection to one agent. */
export class AgentClient implements DomainWriter, Disposable {
  readonly hello: HelloReply;
  /** Settles when the connection has ended, from whichever side. */
  readonly closed: Promise<void>;
  readonly #domain: string;
  readonly #socket: Socket;
  readonly #rpc: Connection;

  private constructor(domain: string, socket: Socket, rpc: Connection, hello: HelloReply) {
    this.#domain = domain;
    this.#socket = socket;
    this.#rpc = rpc;
    this.hello = hello;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    if (socket.destroyed) this.closed = Promise.resolve();
  }

  /** Throws GonaError when nobody answers there, or another daemon is connected and stays. */
  static async connect(domain: string, path: string, hello: Hello): Promise<AgentClient> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(domain, path, hello, (...parts) => new AgentClient(domain, ...parts));
      } catch (error) {
        if (!isBusy(error) || tries === BUSY_TRIES) throw unreached(domain, error);
        await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
      }
    }
  }

  async run(ops: readonly KernelOp[]): Promise<void> {
    const [first] = ops;
    if (first === undefined) return;
    const map = ops.findIndex(({ op }) => op === "mapPut" || op === "mapDelete");
    if (map >= 0) {
      throw new KernelError(describeOp(ops[map] as KernelOp), "EOPNOTSUPP", "maps are the hub's own", { index: map });
    }
    const { refused } = await within(RUN_MS, this.#rpc.sendRequest(runRequest, { ops })).catch((cause: unknown) => {
      const words = `domain ${this.#domain}: its agent went before it had answered`;
      throw new KernelError(describeOp(first), "EHOSTDOWN", words, { cause });
    });
    if (refused !== undefined) {
      const { operation, errno, words, index } = refused;
      throw new KernelError(operation, errno, words, { index });
    }
  }

  /** Settles with the answer; rejects when the connection ends before. */
  async ping(): Promise<void> {
    await this.#rpc.sendRequest(pingRequest);
  }

  /** Asks it to end; it has heard when this settles. Rejects when it did not answer in time. */
  async end(limitMs: number): Promise<void> {
    await within(limitMs, this.#rpc.sendRequest(endRequest));
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

type Parts = readonly [Socket, Connection, HelloReply];

async function attempt(
  domain: string,
  path: string,
  hello: Hello,
  make: (...parts: Parts) => AgentClient,
): Promise<AgentClient> {
  const socket = createConnection(path);
  try {
    await once(socket, "connect");
    const rpc = rpcOver(socket);
    rpc.listen();
    const reply = await within(HELLO_MS, rpc.sendRequest(helloRequest, hello));
    // The daemon ends when it is told to, whoever is connected.
    socket.unref();
    return make(socket, rpc, reply);
  } catch (error) {
    socket.destroy();
    throw error instanceof Error ? error : new Error(`agent of ${domain}: ${String(error)}`);
  }
}

async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${limitMs} ms`)), limitMs).unref();
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

const isBusy = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === BUSY;

function unreached(domain: string, cause: unknown): GonaError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new GonaError("DOMAIN_FAILED", `the agent of domain ${domain} cannot be reached: ${words}`, {}, { cause });
}

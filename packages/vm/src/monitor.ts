import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { GonaError } from "@gona/model";

/** An event of QEMU's, as `SHUTDOWN` with its data. */
export interface MonitorEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Reply {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A connection to QEMU's monitor (QMP): commands in order, events as they come. */
export class Monitor implements Disposable {
  readonly #socket: Socket;
  readonly #onEvent: (event: MonitorEvent) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;
  #lost: Error | undefined;

  private constructor(socket: Socket, onEvent: (event: MonitorEvent) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    // A broken connection is told by the socket as well; readline's own word of it has to be heard, though.
    createInterface({ input: socket, crlfDelay: Infinity })
      .on("line", (line) => this.#take(line))
      .on("error", () => undefined);
    const lost = (cause?: Error): void =>
      this.#fail(new GonaError("DOMAIN_FAILED", "QEMU's monitor hung up", {}, { cause }));
    socket.on("error", lost).on("close", () => lost());
  }

  /** Throws when nobody listens there. */
  static async open(path: string, onEvent: (event: MonitorEvent) => void): Promise<Monitor> {
    const socket = await connection(path);
    const monitor = new Monitor(socket, onEvent);
    await monitor.ask("qmp_capabilities");
    return monitor;
  }

  /** Settles with what the command returned. Throws DOMAIN_FAILED with QEMU's words, or when it hung up. */
  ask(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#next++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return waiting.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    let reply: Reply;
    try {
      reply = JSON.parse(line) as Reply;
    } catch {
      return; // cut off by its end
    }
    if (reply.event !== undefined) {
      this.#onEvent({ event: reply.event, ...(reply.data && { data: reply.data }) });
      return;
    }
    const waiting = reply.id === undefined ? undefined : this.#waiting.get(reply.id);
    if (waiting === undefined || reply.id === undefined) return; // the greeting
    this.#waiting.delete(reply.id);
    if (reply.error === undefined) waiting.resolve(reply.return);
    else waiting.reject(new GonaError("DOMAIN_FAILED", `QEMU: ${reply.error.desc}`));
  }

  #fail(error: Error): void {
    this.#lost ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost);
    this.#waiting.clear();
  }
}

/** Settles when it is connected. Rejects with Node's error. */
export function connection(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

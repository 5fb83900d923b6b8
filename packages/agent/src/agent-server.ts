import type { Socket } from "node:net";
import { ResponseError } from "vscode-jsonrpc/node";
import { rpcOver } from "./connect.ts";
import { identity } from "./identity.ts";
import type { OpService } from "./op-service.ts";
import { BUSY, endRequest, type Hello, helloRequest, pingRequest, runRequest } from "./protocol.ts";

/** An answer that nobody took by then is not waited for. */
const ANSWER_MS = 1000;

/** Answers one daemon at a time; another one may come when that has gone. */
export class AgentServer {
  readonly #ops: OpService;
  readonly #onEnd: () => void;
  #daemon: { readonly socket: Socket; hello?: Hello } | undefined;

  /** `onEnd`: the daemon asked for the end, and has been answered. */
  constructor(ops: OpService, onEnd: () => void) {
    this.#ops = ops;
    this.#onEnd = onEnd;
  }

  accept(socket: Socket): void {
    if (this.#daemon !== undefined) this.#refuse(socket, this.#daemon.hello?.pid);
    else this.#serve(socket);
  }

  #serve(socket: Socket): void {
    const daemon: { readonly socket: Socket; hello?: Hello } = { socket };
    this.#daemon = daemon;
    socket.once("close", () => {
      if (this.#daemon === daemon) this.#daemon = undefined;
    });
    const connection = rpcOver(socket);
    connection.onRequest(helloRequest, (hello) => {
      daemon.hello = hello;
      return identity();
    });
    connection.onRequest(pingRequest, () => true as const);
    connection.onRequest(runRequest, ({ ops }) => {
      if (daemon.hello === undefined) throw new ResponseError(BUSY, "say hello first");
      return this.#ops.run(ops, daemon.hello.programs);
    });
    connection.onRequest(endRequest, () => {
      this.#onceAnswered(socket, this.#onEnd);
      return true as const;
    });
    connection.listen();
  }

  #refuse(socket: Socket, by: number | undefined): void {
    const connection = rpcOver(socket);
    connection.onRequest(helloRequest, () => {
      this.#onceAnswered(socket, () => socket.destroy());
      throw new ResponseError(
        BUSY,
        by === undefined ? "a daemon is connected" : `the daemon of pid ${by} is connected`,
      );
    });
    connection.listen();
  }

  /** The daemon hangs up when it has the answer. */
  #onceAnswered(socket: Socket, then: () => void): void {
    socket.once("close", then);
    setTimeout(then, ANSWER_MS).unref();
  }
}

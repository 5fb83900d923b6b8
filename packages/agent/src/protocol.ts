import type { KernelOp } from "@gona/kernel";
import { RequestType, RequestType0 } from "vscode-jsonrpc/node";

/** Changes when the requests do: an agent of another protocol is replaced. */
export const PROTOCOL = 1;

/** How a daemon introduces itself; the first request of a connection. */
export interface Hello {
  /** Of the daemon. */
  readonly pid: number;
  /** Directory on a bpffs whose files are BPF programs, by their names: what filterReplace attaches. */
  readonly programs: string;
}

export interface HelloReply {
  readonly protocol: number;
  /** Of the code that it runs, as in package.json. */
  readonly version: string;
  readonly pid: number;
  /** Of its network namespace. */
  readonly netnsInode: number;
  /** Names of the capabilities in its bounding set: it can never have others. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
}

/** Operations on links; maps are the hub's own. */
export interface Run {
  readonly ops: readonly KernelOp[];
}

/** What the kernel refused, as KernelError has it. */
export interface RefusedRun {
  readonly index: number;
  readonly operation: string;
  readonly errno: string;
  readonly words: string;
}

/** Undefined: all was done. */
export type RunReply = { readonly refused?: RefusedRun };

export const helloRequest = new RequestType<Hello, HelloReply, void>("hello");
export const runRequest = new RequestType<Run, RunReply, void>("run");
export const pingRequest = new RequestType0<true, void>("ping");
/** Ends the agent, after the answer. */
export const endRequest = new RequestType0<true, void>("end");

/** Code of the error that a second daemon gets while the first is connected. */
export const BUSY = -32_001;

import { parseArgs } from "node:util";

/** What an agent is started with. */
export interface AgentWords {
  /** Where it listens. */
  readonly socket: string;
  /** Open pipe on which it says that it listens. */
  readonly readyFd: number;
}

/** `--socket PATH --ready-fd N`. Throws TypeError. */
export function readAgentWords(argv: readonly string[]): AgentWords {
  const { values } = parseArgs({
    args: [...argv],
    options: { socket: { type: "string" }, "ready-fd": { type: "string" }, name: { type: "string" } },
  });
  if (values.socket === undefined) throw new TypeError("--socket is missing");
  return { socket: values.socket, readyFd: Number(values["ready-fd"] ?? 3) };
}

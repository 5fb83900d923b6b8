import { AGENT_CAPABILITIES, AGENT_MAIN } from "@gona/agent";

/** An agent has some 75 MB, half of it Node's own code. */
export const AGENT_MEMORY_BYTES = 256 * 2 ** 20;

/** It does little, and what it does is waited for: a start takes 0.1 s of a CPU, which is a second on a busy machine. */
export const AGENT_NICE = -10;

const ONLY = ["-all", ...AGENT_CAPABILITIES.map((name) => `+${name}`)].join(",");

/**
 * The command line of an agent. setpriv takes away what it does not need before Node runs: afterwards each of Node's
 * threads would have to give it up by itself. `domain` is for those who list processes.
 */
export const agentCommand = (domain: string, socket: string): readonly [string, ...string[]] => [
  "setpriv",
  "--no-new-privs",
  // The ambient set is for a daemon that is not root: without it the program would start with none.
  `--inh-caps=${ONLY}`,
  `--ambient-caps=${ONLY}`,
  `--bounding-set=${ONLY}`,
  "--",
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  // It handles little at a time, and starts faster without helpers.
  "--max-old-space-size=128",
  "--max-semi-space-size=1",
  "--v8-pool-size=0",
  AGENT_MAIN,
  "--name",
  domain,
  "--socket",
  socket,
];

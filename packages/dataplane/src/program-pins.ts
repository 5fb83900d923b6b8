import { join } from "node:path";

/** Below a run dir, on its bpffs: the programs of the daemon that runs, by their names, for agents to attach. */
export const programPins = (runDir: string): string => join(runDir, "bpf", "programs");

import { pidsNaming } from "@gona/kernel";
import { identify, type ProcessIdentity } from "./process-identity.ts";

/**
 * Processes in whose words `path` stands, a directory with its last slash or the beginning of a file's name: what a
 * daemon starts in its run dir and leaves behind, agents and virtual machines of driver domains. Not this one.
 */
export const processesNaming = (path: string): readonly ProcessIdentity[] =>
  pidsNaming(path).flatMap((pid) => identify(pid) ?? []);

import { chmodSync, chownSync, readFileSync, rmSync } from "node:fs";
import { socketPath } from "@gona/api";
import { GonaError } from "@gona/model";
import type { FastifyInstance } from "fastify";

const GROUP = "gona";

/**
 * Listens on the run dir's unix socket: 0660, of the group gona where that exists. Only the holder
 * of the run dir's lock may call it: what lies there under the name is a dead daemon's. Throws STORAGE.
 */
export async function listenOnSocket(server: FastifyInstance, runDir: string): Promise<string> {
  const path = socketPath(runDir);
  // Nobody may connect between bind and chmod.
  const before = process.umask(0o177);
  try {
    rmSync(path, { force: true });
    await server.listen({ path });
    const group = groupId(readFileSync("/etc/group", "utf8"));
    if (group !== undefined) chownSync(path, process.getuid?.() ?? 0, group);
    chmodSync(path, 0o660);
    return path;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new GonaError("STORAGE", `cannot listen on ${path}: ${words}`, {}, { cause });
  } finally {
    process.umask(before);
  }
}

/** `text`: of /etc/group. */
function groupId(text: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${GROUP}:`));
  const id = Number(line?.split(":")[2]);
  return line === undefined || Number.isNaN(id) ? undefined : id;
}

import { once } from "node:events";
import { chmodSync, rmSync, statSync, watch } from "node:fs";
import { createServer, type Socket } from "node:net";
import { basename, dirname } from "node:path";

/**
 * Listens on a unix socket in place of what a dead agent left there. `onGone`: the socket's file was removed or replaced,
 * so that nobody can reach this process any more.
 */
export async function listen(path: string, onSocket: (socket: Socket) => void, onGone: () => void): Promise<void> {
  rmSync(path, { force: true });
  const server = createServer(onSocket);
  server.listen(path);
  await once(server, "listening");
  chmodSync(path, 0o600);
  const { ino } = statSync(path);
  const look = (): void => {
    if (statSync(path, { throwIfNoEntry: false })?.ino !== ino) onGone();
  };
  watch(dirname(path), (_event, name) => {
    if (name === null || name === basename(path) || name === basename(dirname(path))) look();
  }).on("error", look);
  look();
}

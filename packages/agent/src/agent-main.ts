import { closeSync, writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
// By its own door: the whole package takes twice as long to load, and a dead agent is missed.
import { LinuxKernel } from "@gona/kernel/linux-kernel";
import { AgentServer } from "./agent-server.ts";
import { readAgentWords } from "./agent-words.ts";
import { listen } from "./listen.ts";
import { OpService } from "./op-service.ts";

/**
 * The process of one driver domain: it is started inside the domain's network namespace, with the few capabilities that
 * it needs, and changes queues, filters and links there for the daemon. It keeps no state: all is in the kernel.
 */
const words = readAgentWords(process.argv.slice(2));
const end = (): never => process.exit(0);
const server = new AgentServer(new OpService(LinuxKernel.open()), end);
await listen(words.socket, (socket) => server.accept(socket), end);
process.on("SIGTERM", end);
// Of the terminal or the service that the daemon was started by: the daemon's affair.
for (const signal of ["SIGINT", "SIGHUP", "SIGPIPE"] as const) process.on(signal, () => {});
try {
  writeSync(words.readyFd, "ready\n");
  closeSync(words.readyFd);
} catch {
  // Whoever started it died meanwhile; the next daemon finds the socket.
}
// At once: it would be written at the exit, and agents are killed more often than they end.
flushCompileCache();

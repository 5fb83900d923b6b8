import type { Socket } from "node:net";
import { createMessageConnection, type MessageConnection, NullLogger } from "vscode-jsonrpc/node";

/** JSON-RPC over one connection, not listening yet. What goes wrong with it ends it: `onClose` of the socket tells. */
export function rpcOver(socket: Socket): MessageConnection {
  const connection = createMessageConnection(socket, socket, NullLogger);
  // The socket's own error is told by its close; a message that cannot be read means that the other end is no peer of ours.
  connection.onError(() => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.once("close", () => connection.dispose());
  return connection;
}

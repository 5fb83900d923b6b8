/**
 * Datagrams of several flows, for tests: `flows-main.ts send ADDRESS PORT PER_SECOND BYTES FROM_PORT...` sends until
 * its standard input closes, each flow from a port of its own; `flows-main.ts receive ADDRESS PORT` says, when its
 * standard input closes, how many came and how many came late, behind one that was sent after them.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

const SLOT_MS = 5;
const [role, address = "", port = "0", ...rest] = process.argv.slice(2);

const bound = async (at: number, where?: string): Promise<Socket> => {
  const socket = createSocket("udp4");
  socket.bind(at, where);
  await once(socket, "listening");
  return socket;
};
const closed = once(process.stdin.resume(), "end");

if (role === "send") {
  const [perSecond = 0, bytes = 0, ...ports] = rest.map(Number);
  const flows = await Promise.all(ports.map(async (from) => ({ socket: await bound(from), sent: 0 })));
  const startMs = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * perSecond;
    for (const flow of flows) {
      for (; flow.sent < due; flow.sent++) {
        const datagram = Buffer.alloc(bytes);
        datagram.writeUInt32BE(flow.sent);
        flow.socket.send(datagram, Number(port), address);
      }
    }
  }, SLOT_MS);
  await closed;
  clearInterval(timer);
  console.log(JSON.stringify({ kind: "sent", datagrams: flows.reduce((sum, { sent }) => sum + sent, 0) }));
} else {
  const socket = await bound(Number(port), address);
  socket.setRecvBufferSize(4 << 20);
  const newest = new Map<string, number>();
  let [received, late] = [0, 0];
  socket.on("message", (datagram, from) => {
    const flow = `${from.address} ${from.port}`;
    const number = datagram.readUInt32BE();
    if (received++ === 0) console.log(JSON.stringify({ kind: "first" }));
    if (number < (newest.get(flow) ?? 0)) late++;
    else newest.set(flow, number);
  });
  console.log(JSON.stringify({ kind: "ready" }));
  await closed;
  console.log(JSON.stringify({ kind: "received", datagrams: received, late, flows: newest.size }));
}
process.exit(0);

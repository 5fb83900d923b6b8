/**
 * The prober's processes, started inside a namespace by the lab:
 * `probe-main.ts send|receive|echo|rtt --address A --port P [--per-second N] [--bytes B] [--stream S] [--count N] [--patience-ms M]`
 * Lines of JSON come out; closing standard input ends it.
 */
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { GonaError } from "@gona/model";
import { echoProbe, rttProbe } from "./echo-probe.ts";
import { PROBE_HEADER_BYTES } from "./probe-datagram.ts";
import type { ProbeMessage } from "./probe-messages.ts";
import { receiveProbe } from "./receive-probe.ts";
import { sendProbe } from "./send-probe.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: "string" },
    port: { type: "string" },
    "per-second": { type: "string", default: "1000" },
    bytes: { type: "string", default: "64" },
    stream: { type: "string", default: "1" },
    count: { type: "string" },
    "patience-ms": { type: "string" },
  },
});
const say = (message: ProbeMessage): void => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};
const { address = "", bytes, stream } = values;
const common = { port: Number(values.port), perSecond: Number(values["per-second"]), stream: Number(stream) };
const sending = {
  ...common,
  to: address,
  datagramBytes: Math.max(PROBE_HEADER_BYTES, Number(bytes)),
  ...(values.count !== undefined && { count: Number(values.count) }),
  ...(values["patience-ms"] !== undefined && { patienceMs: Number(values["patience-ms"]) }),
};

switch (positionals[0]) {
  case "send":
    sendProbe(sending, say);
    break;
  case "receive":
    receiveProbe({ ...common, address }, say);
    break;
  case "echo":
    echoProbe(address, common.port, say);
    break;
  case "rtt":
    rttProbe(sending, say);
    break;
  default:
    throw new GonaError("USAGE", "probe-main.ts send|receive|echo|rtt --address A --port P");
}

import { addressWords, GonaError } from "@gona/model";
import type { FlowTuple } from "./explain-flow.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, esp: 50, icmp6: 58, sctp: 132 };
const WITH_PORTS: ReadonlySet<string> = new Set(["tcp", "udp", "sctp"]);
const ALLOWED = '"tcp 10.0.0.11:43210 > 10.0.9.9:443", "udp [fd00::1]:53 > [fd00::2]:53", "icmp 10.0.0.11 > 10.0.9.9"';

/** Reads a flow as people write it, from the guest to the peer. Throws GonaError USAGE. */
export function parseFlow(text: string): FlowTuple {
  const match = /^(\w+)\s+(\S+)\s*(?:>|->)\s*(\S+)$/.exec(text.trim());
  const [, name = "", from = "", to = ""] = match ?? [];
  const protocol = PROTOCOLS[name.toLowerCase()];
  if (match === null || protocol === undefined) throw notAFlow(text, "a flow is a protocol and two ends");
  const ports = WITH_PORTS.has(name.toLowerCase());
  const source = parseEnd(text, from, ports);
  const destination = parseEnd(text, to, ports);
  if (source.address.includes(":") !== destination.address.includes(":")) {
    throw notAFlow(text, "both ends are IPv4 or both IPv6");
  }
  return {
    protocol,
    from: source.address,
    to: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
  };
}

function parseEnd(flow: string, text: string, withPort: boolean): { readonly address: string; readonly port: number } {
  const match = withPort ? /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) : /^\[?([^[\]]+)\]?()()$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? 0);
  if (match === null || addressWords(address) === undefined) {
    throw notAFlow(flow, `${text} is no ${withPort ? "address and port" : "address"}`);
  }
  if (port > 65_535) throw notAFlow(flow, `${port} is no port`);
  return { address, port };
}

const notAFlow = (found: string, message: string): GonaError =>
  new GonaError("USAGE", `not a flow: ${message}`, { found, allowed: ALLOWED });

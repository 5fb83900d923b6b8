import type { LacpRate, NicId } from "@gona/model";
import { runMux } from "./lacp-mux.ts";
import { type LacpBundle, type LacpPort, newLacpPort } from "./lacp-port.ts";
import { receiveCarrier, receivePdu, receiveTick } from "./lacp-receive.ts";
import { type LacpMemory, resumedPort } from "./lacp-resume.ts";
import { selectPorts } from "./lacp-select.ts";
import { mayTransmitAtMs, runPeriodic, transmit } from "./lacp-transmit.ts";
import type { Lacpdu } from "./lacpdu.ts";

export type LacpEvent =
  /** A port comes; with what an earlier daemon left it at. */
  | { readonly kind: "added"; readonly nic: NicId; readonly number: number; readonly memory?: LacpMemory }
  | { readonly kind: "removed"; readonly nic: NicId }
  | { readonly kind: "carrier"; readonly nic: NicId; readonly up: boolean }
  | { readonly kind: "pdu"; readonly nic: NicId; readonly pdu: Lacpdu }
  /** Keep out of the bundle, or come back. */
  | { readonly kind: "standby"; readonly nic: NicId; readonly on: boolean }
  | { readonly kind: "rate"; readonly rate: LacpRate }
  /** Time passed; ask nextLacpDeadlineMs() when it matters. */
  | { readonly kind: "tick" };

export interface LacpOutcome {
  readonly bundle: LacpBundle;
  /** To be sent, in this order. */
  readonly pdus: readonly { readonly nic: NicId; readonly pdu: Lacpdu }[];
}

/**
 * The actor of one fabric (IEEE 802.1AX): receive, periodic, selection, mux and transmit machines of all its
 * ports. An event about a port that is not there changes nothing.
 */
export function lacpStep(before: LacpBundle, event: LacpEvent, nowMs: number): LacpOutcome {
  const received = mapPorts(take(before, event, nowMs), (port) => receiveTick(port, nowMs));
  const muxed = mapPorts(selectPorts(received), (port) => runPeriodic(runMux(port, nowMs), nowMs));
  const sent = [...muxed.ports.values()].map((port) => transmit(muxed, port, nowMs));
  return {
    bundle: { ...muxed, ports: new Map(sent.map(({ port }) => [port.nic, port])) },
    pdus: sent.flatMap(({ port, pdu }) => (pdu === undefined ? [] : [{ nic: port.nic, pdu }])),
  };
}

/** When a tick would change something; undefined where only an event can. */
export function nextLacpDeadlineMs({ ports }: LacpBundle): number | undefined {
  const times = [...ports.values()].flatMap((port) => {
    const { expiresAtMs, waitUntilMs, periodicAtMs, needToTransmit, enabled } = port;
    const sends = needToTransmit && enabled ? [mayTransmitAtMs(port)] : [];
    return [expiresAtMs, waitUntilMs, periodicAtMs, ...sends].filter((time) => time !== undefined);
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

function take(bundle: LacpBundle, event: LacpEvent, nowMs: number): LacpBundle {
  switch (event.kind) {
    case "tick":
      return bundle;
    case "rate":
      return mapPorts({ ...bundle, rate: event.rate }, (port) => ({ ...port, needToTransmit: true }));
    case "added": {
      const fresh = newLacpPort(event.nic, event.number);
      const port = event.memory === undefined ? fresh : resumedPort(bundle, fresh, event.memory, nowMs);
      // The aggregator that was in use stays so where another is as good.
      const group = bundle.group ?? port.group;
      return { ...withPort(bundle, port), ...(group === undefined ? {} : { group }) };
    }
    case "removed": {
      const ports = new Map(bundle.ports);
      ports.delete(event.nic);
      return { ...bundle, ports };
    }
    default: {
      const port = bundle.ports.get(event.nic);
      return port === undefined ? bundle : withPort(bundle, changed(bundle, port, event, nowMs));
    }
  }
}

function changed(
  bundle: LacpBundle,
  port: LacpPort,
  event: Extract<LacpEvent, { kind: "carrier" | "pdu" | "standby" }>,
  nowMs: number,
): LacpPort {
  if (event.kind === "carrier") return receiveCarrier(port, event.up, nowMs);
  if (event.kind === "pdu") return receivePdu(bundle, port, event.pdu, nowMs);
  return port.standby === event.on ? port : { ...port, standby: event.on };
}

const withPort = (bundle: LacpBundle, port: LacpPort): LacpBundle => ({
  ...bundle,
  ports: new Map([...bundle.ports, [port.nic, port]]),
});

const mapPorts = (bundle: LacpBundle, change: (port: LacpPort) => LacpPort): LacpBundle => ({
  ...bundle,
  ports: new Map([...bundle.ports].map(([nic, port]) => [nic, change(port)])),
});

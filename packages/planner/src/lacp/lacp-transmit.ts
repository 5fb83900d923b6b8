import { actorOf, FAST_PERIOD_MS, type LacpBundle, type LacpPort, MOST_PDUS, SLOW_PERIOD_MS } from "./lacp-port.ts";
import { type Lacpdu, LacpFlag, NO_PARTY } from "./lacpdu.ts";

/** The periodic machine: as often as the partner wants to hear, and each second while one is looked for. */
export function runPeriodic(port: LacpPort, nowMs: number): LacpPort {
  const wanted = periodOf(port);
  if (wanted === undefined) {
    const { periodicAtMs: _at, periodicMs: _every, ...off } = port;
    return port.periodicMs === undefined ? port : off;
  }
  const due = port.periodicAtMs !== undefined && nowMs >= port.periodicAtMs;
  // A partner that asks for more is answered at once.
  const sooner = port.periodicMs !== undefined && wanted < port.periodicMs;
  if (port.periodicMs === wanted && !due) return port;
  const needToTransmit = port.needToTransmit || due || sooner;
  return { ...port, periodicMs: wanted, periodicAtMs: nowMs + wanted, needToTransmit };
}

/** The transmit machine: news leave at once, at most three PDUs in a fast period. */
export function transmit(bundle: LacpBundle, port: LacpPort, nowMs: number): { port: LacpPort; pdu?: Lacpdu } {
  if (!port.needToTransmit || !port.enabled || nowMs < mayTransmitAtMs(port)) return { port };
  const sentAtMs = [...port.sentAtMs, nowMs].slice(-MOST_PDUS);
  const pdu = { actor: actorOf(bundle, port), partner: port.partner ?? NO_PARTY };
  return { port: { ...port, needToTransmit: false, sentAtMs }, pdu };
}

/** Before that no PDU leaves. */
export function mayTransmitAtMs({ sentAtMs }: LacpPort): number {
  const [oldest] = sentAtMs;
  return oldest === undefined || sentAtMs.length < MOST_PDUS ? Number.NEGATIVE_INFINITY : oldest + FAST_PERIOD_MS;
}

function periodOf({ reception, partner }: LacpPort): number | undefined {
  if (reception === "disabled") return undefined;
  if (reception === "expired") return FAST_PERIOD_MS;
  return (partner?.state ?? 0) & LacpFlag.TIMEOUT ? FAST_PERIOD_MS : SLOW_PERIOD_MS;
}

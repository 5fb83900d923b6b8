import { actorOf, type LacpBundle, type LacpPort, SHORT_TIMEOUT_MS, timeoutMs } from "./lacp-port.ts";
import { type Lacpdu, LacpFlag, type LacpParty } from "./lacpdu.ts";

/** What a partner has to hold for true of this port. */
const TOLD = LacpFlag.ACTIVITY | LacpFlag.TIMEOUT | LacpFlag.SYNC | LacpFlag.AGGREGATION;

/** Carrier came or went. */
export function receiveCarrier(port: LacpPort, enabled: boolean, nowMs: number): LacpPort {
  if (port.enabled === enabled) return port;
  const { expiresAtMs: _none, ...rest } = outOfSync(port);
  if (!enabled) return { ...rest, enabled, reception: "disabled" };
  return expire({ ...rest, enabled }, nowMs);
}

/** A PDU came in: what the partner says of itself, and whether it has understood this port. */
export function receivePdu(bundle: LacpBundle, port: LacpPort, pdu: Lacpdu, nowMs: number): LacpPort {
  if (!port.enabled) return port;
  const actor = actorOf(bundle, port);
  const known = port.partner;
  const { group, ...ungrouped } = port;
  // Another partner, or another port of it: out of the bundle, and chosen anew.
  const moved = known === undefined || !sameParty(known, pdu.actor, LacpFlag.AGGREGATION);
  return {
    ...ungrouped,
    ...(group === undefined || moved ? {} : { group }),
    reception: "current",
    partner: { ...pdu.actor, state: pdu.actor.state & ~(agrees(actor, pdu) ? 0 : LacpFlag.SYNC) },
    expiresAtMs: nowMs + timeoutMs(bundle.rate),
    needToTransmit: port.needToTransmit || !sameParty(actor, pdu.partner, TOLD),
  };
}

/** Nothing was heard for too long. */
export function receiveTick(port: LacpPort, nowMs: number): LacpPort {
  if (port.expiresAtMs === undefined || nowMs < port.expiresAtMs) return port;
  if (port.reception === "current") return expire(outOfSync(port), nowMs);
  const { partner: _forgotten, expiresAtMs: _none, ...rest } = port;
  return { ...rest, reception: "defaulted" };
}

const expire = (port: LacpPort, nowMs: number): LacpPort => ({
  ...port,
  reception: "expired",
  expiresAtMs: nowMs + SHORT_TIMEOUT_MS,
  needToTransmit: true,
});

const outOfSync = (port: LacpPort): LacpPort =>
  port.partner === undefined
    ? port
    : { ...port, partner: { ...port.partner, state: port.partner.state & ~LacpFlag.SYNC } };

/** The partner is in sync when it holds the right things for true of this port, or wants no bundle at all. */
const agrees = (actor: LacpParty, pdu: Lacpdu): boolean =>
  sameParty(actor, pdu.partner, LacpFlag.AGGREGATION) || !(pdu.actor.state & LacpFlag.AGGREGATION);

const sameParty = (a: LacpParty, b: LacpParty, bits: number): boolean =>
  a.system === b.system &&
  a.systemPriority === b.systemPriority &&
  a.key === b.key &&
  a.port === b.port &&
  a.portPriority === b.portPriority &&
  (a.state & bits) === (b.state & bits);

/** Bits of Actor_State and Partner_State (IEEE 802.1AX, 6.4.2.3). */
export const LacpFlag = {
  /** Sends without being asked. */
  ACTIVITY: 1,
  /** Wants PDUs each second, and gives up after three; else each 30 s. */
  TIMEOUT: 2,
  AGGREGATION: 4,
  /** Its port is attached to the right aggregator. */
  SYNC: 8,
  COLLECTING: 16,
  DISTRIBUTING: 32,
  /** It has no partner and goes by what it assumes. */
  DEFAULTED: 64,
  EXPIRED: 128,
} as const;

/** One side of a link, as it says it is or as the other holds it to be. */
export interface LacpParty {
  /** 0 to 65535; lower goes first. */
  readonly systemPriority: number;
  /** A MAC, lower case, colon separated. */
  readonly system: string;
  /** Ports of one system with one key may be bundled. */
  readonly key: number;
  readonly portPriority: number;
  /** 1 to 65535. */
  readonly port: number;
  /** LacpFlag bits. */
  readonly state: number;
}

export interface Lacpdu {
  readonly actor: LacpParty;
  readonly partner: LacpParty;
}

/** What a PDU says of a partner that is not known. */
export const NO_PARTY: LacpParty = {
  systemPriority: 0,
  system: "00:00:00:00:00:00",
  key: 0,
  portPriority: 0,
  port: 0,
  state: 0,
};

export const SLOW_PROTOCOLS_ETHERTYPE = 0x8809;
/** Never forwarded by a bridge. */
export const SLOW_PROTOCOLS_MAC = "01:80:c2:00:00:02";

const SUBTYPE_LACP = 1;
const SUBTYPE_MARKER = 2;
const VERSION = 1;
/** Subtype to the last reserved octet: what follows the EtherType. */
const PDU_BYTES = 110;
const ACTOR_AT = 2;
const PARTNER_AT = 22;
const COLLECTOR_AT = 42;
const PARTY_TLV = { actor: 1, partner: 2, bytes: 20 };
const COLLECTOR_TLV = { type: 3, bytes: 16 };
const MARKER_INFORMATION = 1;
const MARKER_RESPONSE = 2;

/** Version 1, 110 bytes: what follows the EtherType. Throws RangeError for a system that is no MAC. */
export function encodeLacpdu({ actor, partner }: Lacpdu): Uint8Array {
  const bytes = new Uint8Array(PDU_BYTES);
  bytes[0] = SUBTYPE_LACP;
  bytes[1] = VERSION;
  putParty(bytes, ACTOR_AT, PARTY_TLV.actor, actor);
  putParty(bytes, PARTNER_AT, PARTY_TLV.partner, partner);
  bytes[COLLECTOR_AT] = COLLECTOR_TLV.type;
  // CollectorMaxDelay stays 0: frames are handed on as they come in.
  bytes[COLLECTOR_AT + 1] = COLLECTOR_TLV.bytes;
  return bytes;
}

/** Undefined for what is no LACPDU. A later version's is read by the fields of the first, which all have in common. */
export function decodeLacpdu(bytes: Uint8Array): Lacpdu | undefined {
  if (bytes.length < COLLECTOR_AT || bytes[0] !== SUBTYPE_LACP || (bytes[1] ?? 0) < VERSION) return undefined;
  const actor = partyAt(bytes, ACTOR_AT, PARTY_TLV.actor);
  const partner = partyAt(bytes, PARTNER_AT, PARTY_TLV.partner);
  return actor && partner && { actor, partner };
}

/** The answer that a Marker PDU asks for: the same with another type. Undefined for anything else. */
export function markerResponse(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== SUBTYPE_MARKER || bytes[2] !== MARKER_INFORMATION) return undefined;
  const answer = Uint8Array.from(bytes);
  answer[2] = MARKER_RESPONSE;
  return answer;
}

/** As tools write it: `ATGSCDFE`, a minus for each bit that is 0. */
export const describeLacpFlags = (state: number): string =>
  Array.from("ATGSCDFE", (letter, bit) => ((state >> bit) & 1 ? letter : "-")).join("");

function putParty(bytes: Uint8Array, at: number, type: number, party: LacpParty): void {
  const mac = party.system.split(":").map((part) => Number.parseInt(part, 16));
  if (mac.length !== 6 || mac.some(Number.isNaN)) throw new RangeError(`not a MAC address: ${party.system}`);
  bytes[at] = type;
  bytes[at + 1] = PARTY_TLV.bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at + 2);
  view.setUint16(0, party.systemPriority);
  bytes.set(mac, at + 4);
  view.setUint16(8, party.key);
  view.setUint16(10, party.portPriority);
  view.setUint16(12, party.port);
  view.setUint8(14, party.state);
}

function partyAt(bytes: Uint8Array, at: number, type: number): LacpParty | undefined {
  if (bytes[at] !== type || bytes[at + 1] !== PARTY_TLV.bytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at + 2);
  const mac = bytes.subarray(at + 4, at + 10);
  return {
    systemPriority: view.getUint16(0),
    system: Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":"),
    key: view.getUint16(8),
    portPriority: view.getUint16(10),
    port: view.getUint16(12),
    state: view.getUint8(14),
  };
}

import { ethernetFrame } from "../ethernet-frame.ts";

/** IEEE 802's Local Experimental Ethertype 1 (RFC 9542): for use inside one's own network. */
export const PROBE_ETHERTYPE = 0x88b5;
/** "GONA", and the version of what follows: nonce, from, to, number. */
const MAGIC = [0x47, 0x4f, 0x4e, 0x41, 1];
export const NONCE_BYTES = 8;
const NONCE_AT = 14 + MAGIC.length;
const FROM_AT = NONCE_AT + NONCE_BYTES;
const TO_AT = FROM_AT + 1;
const NUMBER_AT = TO_AT + 1;

/** One probe on the wire. `from` and `to`: places in a list that the sender knows, 0 to 63. */
export interface ProbeMark {
  readonly from: number;
  readonly to: number;
  /** Modulo 2^32. */
  readonly number: number;
}

export interface ProbeAddresses {
  readonly toMac: readonly number[];
  readonly fromMac: readonly number[];
  /** Tells the frames of this watch from those of other hosts, and of the same host before. */
  readonly nonce: Uint8Array;
}

export function encodeProbe({ toMac, fromMac, nonce }: ProbeAddresses, { from, to, number }: ProbeMark): Uint8Array {
  const numberBytes = [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff];
  const payload = [...MAGIC, ...nonce, from, to, ...numberBytes];
  return ethernetFrame({ to: toMac, from: fromMac, vlan: 0, type: PROBE_ETHERTYPE }, payload);
}

/** The same frame with another number. */
export function numberProbe(frame: Uint8Array, number: number): void {
  for (let byte = 0; byte < 4; byte++) frame[NUMBER_AT + byte] = (number >>> (24 - 8 * byte)) & 0xff;
}

/** Undefined: not one of this watch. */
export function decodeProbe(frame: Uint8Array, nonce: Uint8Array): ProbeMark | undefined {
  if (frame.length < NUMBER_AT + 4) return undefined;
  for (let at = 0; at < MAGIC.length; at++) if (frame[14 + at] !== MAGIC[at]) return undefined;
  for (let at = 0; at < NONCE_BYTES; at++) if (frame[NONCE_AT + at] !== nonce[at]) return undefined;
  const number = new DataView(frame.buffer, frame.byteOffset).getUint32(NUMBER_AT);
  return { from: frame[FROM_AT] ?? 0, to: frame[TO_AT] ?? 0, number };
}

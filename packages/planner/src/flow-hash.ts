/**
 * The hashes of bpf/lib/hash.h, in TypeScript: Bob Jenkins' lookup3 over numbers. The two are held
 * equal by bpf/hash-vectors.json. Every argument and result is a whole number below 2^32 unless said
 * otherwise.
 */
const SEED = 0x676f6e61;

/** An IPv4 or IPv6 address as model's addressWords() gives it. */
export type AddressWords = readonly [number, number, number, number];

/** ports: source << 16 | destination; 0 where the protocol has none and in every fragment. */
export const hashIpv4 = (from: number, to: number, ports: number, protocol: number): number =>
  hash3(from, to, ports, protocol);

export function hashIpv6(from: AddressWords, to: AddressWords, ports: number, protocol: number): number {
  const start = (SEED + protocol) | 0;
  const first = mix([(start + from[0]) | 0, (start + from[1]) | 0, (start + from[2]) | 0]);
  return final(add(mix(add(first, from[3], to[0], to[1])), to[2], to[3], ports));
}

/** Neither IP nor ARP. MACs as 48-bit numbers. */
export function hashMacs(source: bigint, destination: bigint, ethertype: number): number {
  const low = Number(destination & 0xffffffffn);
  const middle = Number(((source & 0xffffn) << 16n) | (destination >> 32n));
  return hash3(Number(source >> 16n), middle, low, ethertype);
}

/** ARP and ND: all that a vif (its MAC as a 48-bit number) tells one peer takes one slice. */
export function hashPeer(mac: bigint, peer: AddressWords): number {
  const state = mix([(SEED + Number(mac >> 16n)) | 0, (SEED + Number(mac & 0xffffn)) | 0, (SEED + peer[0]) | 0]);
  return final(add(state, peer[1], peer[2], peer[3]));
}

/** The next choice of a packet whose slice is dead; attempt counts from 1. */
export const hashAgain = (hash: number, attempt: number): number => hash3(hash, attempt, 0, 0);

type State = readonly [number, number, number];

const add = ([a, b, c]: State, x: number, y: number, z: number): State => [(a + x) | 0, (b + y) | 0, (c + z) | 0];

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

function hash3(x: number, y: number, z: number, salt: number): number {
  const start = (SEED + salt) | 0;
  return final([(start + x) | 0, (start + y) | 0, (start + z) | 0]);
}

/** lookup3's mix(). */
function mix([a, b, c]: State): State {
  a = ((a - c) | 0) ^ rotate(c, 4);
  c = (c + b) | 0;
  b = ((b - a) | 0) ^ rotate(a, 6);
  a = (a + c) | 0;
  c = ((c - b) | 0) ^ rotate(b, 8);
  b = (b + a) | 0;
  a = ((a - c) | 0) ^ rotate(c, 16);
  c = (c + b) | 0;
  b = ((b - a) | 0) ^ rotate(a, 19);
  a = (a + c) | 0;
  c = ((c - b) | 0) ^ rotate(b, 4);
  b = (b + a) | 0;
  return [a, b, c];
}

/** lookup3's final(), whose last word is the hash. */
function final([a, b, c]: State): number {
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

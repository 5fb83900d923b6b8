/**
 * Frames for tests, built from parts that nest: `ethernet({ to, from }, ipv4({ … }, udp({ … })))`.
 * Checksums are computed here, apart from the programs that are tested.
 */

/** What goes into a frame, and what the layer around it must say of it. */
export interface Layer {
  readonly ethertype?: number;
  readonly protocol?: number;
  /** Bytes, given the pseudo header's addresses where the layer around is IP. */
  readonly bytes: (addresses: Uint8Array) => Uint8Array;
}

export const BROADCAST = "ff:ff:ff:ff:ff:ff";
export const NO_MAC = "00:00:00:00:00:00";

export const mac = (text: string): Uint8Array => Uint8Array.from(text.split(":"), (part) => Number.parseInt(part, 16));
export const macText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

/** 4 or 16 bytes. */
export function address(text: string): Uint8Array {
  if (!text.includes(":")) return Uint8Array.from(text.split("."), Number);
  const [head = "", tail] = text.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** IPv4 as ::ffff:a.b.c.d, as gona_addresses has it. */
export const address16 = (text: string): Uint8Array => {
  const bytes = address(text);
  return bytes.length === 16 ? bytes : concat(new Uint8Array(10), u16(0xffff), bytes);
};

export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
export const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** RFC 1071: the Internet checksum; 0 over data that carries a right one. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function withChecksum(bytes: Uint8Array, at: number, pseudo: Uint8Array): Uint8Array {
  bytes.set(u16(checksum(concat(pseudo, bytes))), at);
  return bytes;
}

const pseudoHeader = (addresses: Uint8Array, protocol: number, length: number): Uint8Array =>
  addresses.length === 8
    ? concat(addresses, u8(0), u8(protocol), u16(length))
    : concat(addresses, u32(length), u32(protocol));

/** Is the ICMPv6 checksum of an Ethernet frame (untagged, no extension headers) right? */
export function icmp6ChecksumIsRight(frame: Uint8Array): boolean {
  const message = frame.slice(54);
  return checksum(concat(pseudoHeader(frame.slice(22, 54), 58, message.length), message)) === 0;
}

export interface Ethernet {
  readonly to: string;
  readonly from: string;
  /** An 802.1Q tag inside the frame. */
  readonly tag?: { readonly vlan: number; readonly priority?: number; readonly ethertype?: number };
  readonly innerTag?: { readonly vlan: number };
}

export function ethernet(head: Ethernet, inside: Layer): Uint8Array {
  const tags = [];
  if (head.tag !== undefined)
    tags.push(u16(head.tag.ethertype ?? 0x8100), u16(((head.tag.priority ?? 0) << 13) | head.tag.vlan));
  if (head.innerTag !== undefined) tags.push(u16(0x8100), u16(head.innerTag.vlan));
  return concat(
    mac(head.to),
    mac(head.from),
    ...tags,
    u16(inside.ethertype ?? 0x88b5),
    inside.bytes(new Uint8Array(0)),
  );
}

export const raw = (bytes: Uint8Array, ethertype?: number): Layer => ({
  ...(ethertype === undefined ? {} : { ethertype }),
  bytes: () => bytes,
});

export interface Arp {
  readonly op: "request" | "reply" | "rarp";
  readonly senderMac: string;
  readonly sender: string;
  readonly targetMac?: string;
  readonly target: string;
}

export const arp = (packet: Arp): Layer => ({
  ethertype: packet.op === "rarp" ? 0x8035 : 0x0806,
  bytes: () =>
    concat(
      u16(1),
      u16(0x0800),
      u8(6),
      u8(4),
      u16({ request: 1, reply: 2, rarp: 3 }[packet.op]),
      mac(packet.senderMac),
      address(packet.sender),
      mac(packet.targetMac ?? NO_MAC),
      address(packet.target),
    ),
});

export interface Ipv4 {
  readonly from: string;
  readonly to: string;
  /** A multiple of 4 bytes. */
  readonly options?: Uint8Array;
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  readonly protocol?: number;
  readonly id?: number;
  /** DSCP << 2 | ECN. */
  readonly tos?: number;
}

export const ipv4 = (head: Ipv4, inside: Layer): Layer => ({
  ethertype: 0x0800,
  bytes: () => {
    const addresses = concat(address(head.from), address(head.to));
    const payload = inside.bytes(addresses);
    const options = head.options ?? new Uint8Array(0);
    const fragment = (head.fragment?.offset ?? 0) / 8 + (head.fragment?.more ? 0x2000 : 0);
    const bytes = concat(
      u8(0x45 + options.length / 4),
      u8(head.tos ?? 0),
      u16(20 + options.length + payload.length),
      u16(head.id ?? 1),
      u16(fragment),
      u8(64),
      u8(head.protocol ?? inside.protocol ?? 253),
      u16(0),
      addresses,
      options,
    );
    return concat(withChecksum(bytes, 10, new Uint8Array(0)), payload);
  },
});

export interface Ipv6 {
  readonly from: string;
  readonly to: string;
  readonly hopLimit?: number;
  /** DSCP << 2 | ECN. */
  readonly tos?: number;
}

export const ipv6 = (head: Ipv6, inside: Layer): Layer => ({
  ethertype: 0x86dd,
  bytes: () => {
    const addresses = concat(address(head.from), address(head.to));
    const payload = inside.bytes(addresses);
    return concat(
      u32(0x60000000 | ((head.tos ?? 0) << 20)),
      u16(payload.length),
      u8(inside.protocol ?? 59),
      u8(head.hopLimit ?? 64),
      addresses,
      payload,
    );
  },
});

/** An IPv6 extension header of 8 or more bytes, all padding: hop-by-hop 0, routing 43, destination options 60. */
export const extension = (protocol: 0 | 43 | 60, inside: Layer, length = 8): Layer => ({
  protocol,
  bytes: (addresses) => {
    const padding = concat(Uint8Array.of(1, length - 4), new Uint8Array(length - 4));
    return concat(u8(inside.protocol ?? 59), u8(length / 8 - 1), padding, inside.bytes(addresses));
  },
});

export const ipv6Fragment = (head: { offset: number; more: boolean }, inside: Layer): Layer => ({
  protocol: 44,
  bytes: (addresses) =>
    concat(u8(inside.protocol ?? 59), u8(0), u16(head.offset | (head.more ? 1 : 0)), u32(7), inside.bytes(addresses)),
});

export const udp = (from: number, to: number, payload: Uint8Array = new Uint8Array(18)): Layer => ({
  protocol: 17,
  bytes: (addresses) => {
    const bytes = concat(u16(from), u16(to), u16(8 + payload.length), u16(0), payload);
    return withChecksum(bytes, 6, pseudoHeader(addresses, 17, bytes.length));
  },
});

/** 20 bytes of header, or 32 with time stamps. */
export const tcp = (from: number, to: number, payload: Uint8Array = new Uint8Array(6), stamps = false): Layer => ({
  protocol: 6,
  bytes: (addresses) => {
    const options = stamps ? Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2) : new Uint8Array(0);
    const head = concat(u16(from), u16(to), u32(1), u32(1), u8((5 + options.length / 4) << 4), u8(0x10), u16(512));
    const bytes = concat(head, u16(0), u16(0), options, payload);
    return withChecksum(bytes, 16, pseudoHeader(addresses, 6, bytes.length));
  },
});

export const ping = (id: number, type = 8): Layer => ({
  protocol: 1,
  bytes: () => withChecksum(concat(u8(type), u8(0), u16(0), u16(id), u16(1), new Uint8Array(18)), 2, new Uint8Array(0)),
});

const icmp6 = (type: number, body: Uint8Array): Layer => ({
  protocol: 58,
  bytes: (addresses) => {
    const bytes = concat(u8(type), u8(0), u16(0), body);
    return withChecksum(bytes, 2, pseudoHeader(addresses, 58, bytes.length));
  },
});

export const ping6 = (id: number, type = 128): Layer => icmp6(type, concat(u16(id), u16(1), new Uint8Array(8)));

/** Neighbour discovery's link-layer address options. */
export const sourceMac = (text: string): Uint8Array => concat(u8(1), u8(1), mac(text));
export const targetMac = (text: string): Uint8Array => concat(u8(2), u8(1), mac(text));
/** Another option, of 8 bytes. */
export const nonce = (): Uint8Array => Uint8Array.of(14, 1, 1, 2, 3, 4, 5, 6);

export const routerSolicitation = (...options: Uint8Array[]): Layer => icmp6(133, concat(u32(0), ...options));
export const routerAdvertisement = (...options: Uint8Array[]): Layer =>
  icmp6(134, concat(u32(0x40000708), u32(0), u32(0), ...options));
export const neighbourSolicitation = (target: string, ...options: Uint8Array[]): Layer =>
  icmp6(135, concat(u32(0), address(target), ...options));
export const neighbourAdvertisement = (target: string, ...options: Uint8Array[]): Layer =>
  icmp6(136, concat(u32(0x60000000), address(target), ...options));
export const redirect = (target: string, to: string, ...options: Uint8Array[]): Layer =>
  icmp6(137, concat(u32(0), address(target), address(to), ...options));

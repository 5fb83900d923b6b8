import { addressBytesOf } from "../traffic/socket-address.ts";

/** The layouts of bpf/lab_counter.bpf.c: struct lab_flow_key, lab_flow, lab_mac_key, lab_mac. */

/** What one address sent into a port, or got out of it. */
export interface FlowCount {
  /** SwitchPort.ifindex. */
  readonly port: number;
  readonly direction: "in" | "out";
  /** As on the cable; 0: untagged. */
  readonly vlan: number;
  /** 16 bytes as hex, IPv4 mapped; zeros: not IP. */
  readonly address: string;
  /** L2 bytes, every segment's headers and tags included, without FCS. */
  readonly bytes: bigint;
  readonly packets: bigint;
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** Of the packet counted last, all its segments. */
  readonly lastBytes: bigint;
}

export interface MacSighting {
  readonly port: number;
  readonly vlan: number;
  readonly mac: string;
  readonly packets: bigint;
  readonly lastNs: bigint;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export function decodeFlow(key: Uint8Array, value: Uint8Array): FlowCount {
  const [keys, values] = [view(key), view(value)];
  return {
    port: keys.getUint16(0, true),
    direction: key[2] === 0 ? "in" : "out",
    vlan: keys.getUint16(4, true),
    address: hex(key.subarray(8, 24)),
    bytes: values.getBigUint64(0, true),
    packets: values.getBigUint64(8, true),
    firstNs: values.getBigUint64(16, true),
    lastNs: values.getBigUint64(24, true),
    lastBytes: values.getBigUint64(32, true),
  };
}

/** The map key of a flow: struct lab_flow_key. */
export function flowKey(flow: Pick<FlowCount, "port" | "direction" | "vlan" | "address">): Uint8Array {
  const key = new Uint8Array(24);
  view(key).setUint16(0, flow.port, true);
  key[2] = flow.direction === "in" ? 0 : 1;
  view(key).setUint16(4, flow.vlan, true);
  key.set(Buffer.from(flow.address, "hex"), 8);
  return key;
}

export function decodeMac(key: Uint8Array, value: Uint8Array): MacSighting {
  return {
    port: view(key).getUint16(0, true),
    vlan: view(key).getUint16(2, true),
    mac: (hex(key.subarray(6, 12)).match(/../g) ?? []).join(":"),
    packets: view(value).getBigUint64(0, true),
    lastNs: view(value).getBigUint64(8, true),
  };
}

/** FlowCount.address of an address as people write it. */
export const addressHex = (address: string): string => hex(mappedBytes(address));

/** 16 bytes; IPv4 as ::ffff:a.b.c.d. */
function mappedBytes(address: string): Uint8Array {
  const own = addressBytesOf(address);
  const bytes = new Uint8Array(16);
  if (own.length === 4) bytes.set([0xff, 0xff], 10);
  bytes.set(own, 16 - own.length);
  return bytes;
}

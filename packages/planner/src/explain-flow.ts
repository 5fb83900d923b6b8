import { addressWords, type NicId } from "@gona/model";
import { BUCKETS } from "./bucket-table.ts";
import { type AddressWords, hashAgain, hashIpv4, hashIpv6 } from "./flow-hash.ts";
import type { VifEntry } from "./hub-state.ts";

/** One direction of a conversation, as it leaves the guest. */
export interface FlowTuple {
  /** IP protocol number: 6 TCP, 17 UDP, 1 and 58 ICMP. */
  readonly protocol: number;
  readonly from: string;
  readonly to: string;
  /** 0 where the protocol has no ports; an ICMP echo's id stands in `destinationPort`. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Which way the packet path sends a flow. */
export interface FlowPath {
  readonly hash: number;
  readonly bucket: number;
  /** What the bucket says; absent where its slice does not exist. */
  readonly chosen?: FlowSlice;
  /** The bucket's slice, or where its NIC is dead the one that stands for it; absent: none lives. */
  readonly home?: FlowSlice;
  /** What is taken now: that, or the slice of a balanced vif that the flow is on; absent: the packet is dropped. */
  readonly taken?: FlowSlice;
}

export interface FlowSlice {
  readonly slice: number;
  readonly nic: NicId;
}

/** Times that the packet path hashes again before it takes any living slice; GONA_REHASHES. */
const REHASHES = 8;
/** Slots in an aggregate; GONA_MAX_SLICES. */
const SLICES = 8;

/**
 * The same choice as bpf/lib/slice.h makes for a whole (not fragmented) IP packet of a vif; `lives`
 * says whether packets may leave by a NIC, `known` the slice number that the packet path remembers of a
 * balanced vif's flow. Throws RangeError where an address is none or the two are not of one family.
 */
export function explainFlow(vif: VifEntry, flow: FlowTuple, lives: (nic: NicId) => boolean, known?: number): FlowPath {
  const hash = flowHash(flow);
  const sliceAt = (number: number): FlowSlice | undefined => {
    const slice = vif.slices[number];
    return slice === null || slice === undefined ? undefined : { slice: number, nic: slice.nic };
  };
  const livingAt = (number: number): FlowSlice | undefined => {
    const slice = sliceAt(number);
    return slice !== undefined && lives(slice.nic) ? slice : undefined;
  };
  const named = (value: number): number => vif.buckets[value & (BUCKETS - 1)] ?? 0;
  const chosen = sliceAt(named(hash));
  let home = livingAt(named(hash));
  for (let attempt = 1; home === undefined && attempt <= REHASHES; attempt++) {
    home = livingAt(named(hashAgain(hash, attempt)));
  }
  for (let i = 0; home === undefined && i < SLICES; i++) home = livingAt((hash + i) & (SLICES - 1));
  const taken = (known === undefined ? undefined : livingAt(known)) ?? home;
  const bucket = hash & (BUCKETS - 1);
  return { hash, bucket, ...(chosen && { chosen }), ...(home && { home }), ...(taken && { taken }) };
}

/** The packet path's hash of a flow. Throws RangeError as explainFlow() does. */
export function flowHash({ from, to, sourcePort, destinationPort, protocol }: FlowTuple): number {
  const source = numbersOf(from);
  const destination = numbersOf(to);
  if (isIpv4(from) !== isIpv4(to)) throw new RangeError(`${from} and ${to} are not of one address family`);
  const ports = ((sourcePort << 16) | destinationPort) >>> 0;
  return isIpv4(from)
    ? hashIpv4(source[3], destination[3], ports, protocol)
    : hashIpv6(source, destination, ports, protocol);
}

const isIpv4 = (address: string): boolean => !address.includes(":");

function numbersOf(address: string): AddressWords {
  const words = addressWords(address);
  if (words === undefined) throw new RangeError(`${address} is no IP address`);
  return words;
}

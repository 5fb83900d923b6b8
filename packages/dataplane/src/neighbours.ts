import type { Kernel } from "@gona/kernel";
import { gonaNeighbour } from "./abi.ts";

/** A machine on the wire that spoke ARP or neighbour discovery. Bytes, for frames are made of them. */
export interface Neighbour {
  /** As fabricNumbers() numbers it. */
  readonly fabric: number;
  readonly vlan: number;
  readonly mac: Uint8Array;
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
}

/** Those that the packet path remembers, the one heard last first. Throws KernelError. */
export function readNeighbours(kernel: Pick<Kernel, "map">): Neighbour[] {
  const found: { readonly seenNs: bigint; readonly neighbour: Neighbour }[] = [];
  for (const [, value] of kernel.map("gona_neighbours").entries()) {
    const { seenNs, fabric, vlan, mac, address } = gonaNeighbour.decode(value);
    if (seenNs !== 0n)
      found.push({ seenNs, neighbour: { fabric, vlan, mac: Uint8Array.from(mac), address: Uint8Array.from(address) } });
  }
  return found.sort((a, b) => Number(b.seenNs - a.seenNs)).map(({ neighbour }) => neighbour);
}

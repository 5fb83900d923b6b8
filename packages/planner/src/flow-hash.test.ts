import { readFileSync } from "node:fs";
import { addressWords } from "@gona/model";
import { describe, expect, it } from "vitest";
import { type AddressWords, hashAgain, hashIpv4, hashIpv6, hashMacs, hashPeer } from "./flow-hash.ts";

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
}
type Vector = { readonly hash: number } & (
  | ({ readonly kind: "ipv4" | "ipv6" } & Flow)
  | { readonly kind: "macs"; readonly from: string; readonly to: string; readonly ethertype: number }
  | { readonly kind: "peer"; readonly mac: string; readonly peer: string }
  | { readonly kind: "again"; readonly of: number; readonly attempt: number }
);

/** What the programs' own tests hold bpf/lib/hash.h to. */
const vectors = JSON.parse(
  readFileSync(new URL("../../../bpf/hash-vectors.json", import.meta.url), "utf8"),
) as readonly Vector[];

const words = (text: string): AddressWords => {
  const parsed = addressWords(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
};
const mac = (text: string): bigint => BigInt(`0x${text.replaceAll(":", "")}`);
const ports = (flow: Flow): number => ((flow.sourcePort << 16) | flow.destinationPort) >>> 0;

function hashOf(vector: Vector): number {
  switch (vector.kind) {
    case "ipv4":
      return hashIpv4(words(vector.from)[3], words(vector.to)[3], ports(vector), vector.protocol);
    case "ipv6":
      return hashIpv6(words(vector.from), words(vector.to), ports(vector), vector.protocol);
    case "macs":
      return hashMacs(mac(vector.from), mac(vector.to), vector.ethertype);
    case "peer":
      return hashPeer(mac(vector.mac), words(vector.peer));
    case "again":
      return hashAgain(vector.of, vector.attempt);
  }
}

describe("the hashes of the packet path", () => {
  it.each(vectors)("gives $hash for $kind $from $to $peer $of", (vector) => {
    expect(hashOf(vector)).toBe(vector.hash);
  });

  it("covers every kind", () => {
    expect(new Set(vectors.map((vector) => vector.kind))).toEqual(new Set(["ipv4", "ipv6", "macs", "peer", "again"]));
  });
});

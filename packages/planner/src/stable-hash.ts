/**
 * 48 bits of a text's hash as 12 hex digits: two FNV-1a streams (offset basis and prime from the
 * FNV page of Fowler, Noll and Vo), each finished with murmur3's mixer so that texts of equal
 * length and similar letters part. Names and MACs derive from it and must outlive the process and
 * the release: never change it.
 */
export function stableHash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + 0x9e), 0x01000193);
  }
  return `${hex(mix(low))}${hex(mix(high ^ low)).slice(0, 4)}`;
}

/** fmix32 of MurmurHash3. */
function mix(value: number): number {
  let v = value;
  v = Math.imul(v ^ (v >>> 16), 0x85ebca6b);
  v = Math.imul(v ^ (v >>> 13), 0xc2b2ae35);
  return (v ^ (v >>> 16)) >>> 0;
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

import { cString } from "./elf.ts";

/** The part of BTF that describes data shared with a program: sizes and offsets in bytes. */
export type BtfType =
  | { readonly kind: "int"; readonly name: string; readonly size: number; readonly signed: boolean }
  | { readonly kind: "array"; readonly element: BtfType; readonly length: number }
  | BtfStruct
  | BtfEnum
  | { readonly kind: "other"; readonly name: string };

export interface BtfStruct {
  readonly kind: "struct";
  readonly name: string;
  readonly size: number;
  readonly members: readonly { readonly name: string; readonly offset: number; readonly type: BtfType }[];
}

export interface BtfEnum {
  readonly kind: "enum";
  readonly name: string;
  readonly size: number;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

/** BTF_KIND_*, with the bytes that follow the common part: fixed, and for each of `vlen` members. */
const KINDS: readonly (readonly [fixed: number, each: number])[] = [
  ...([
    [0, 0],
    [4, 0],
    [0, 0],
    [12, 0],
    [0, 12],
    [0, 12],
    [0, 8],
    [0, 0],
    [0, 0],
    [0, 0],
  ] as const), // void .. volatile
  ...([
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 8],
    [4, 0],
    [0, 12],
    [0, 0],
    [4, 0],
    [0, 0],
    [0, 12],
  ] as const), // const .. enum64
]; // prettier-ignore
const KIND = { int: 1, array: 3, struct: 4, enum: 6, typedef: 8, volatile: 9, const: 10, typeTag: 18 } as const;
const TRANSPARENT: ReadonlySet<number> = new Set([KIND.typedef, KIND.volatile, KIND.const, KIND.typeTag]);

interface RawType {
  readonly kind: number;
  readonly vlen: number;
  readonly flag: boolean;
  readonly name: string;
  /** Size of the type, or id of the one that it refers to. */
  readonly sizeOrType: number;
  /** Where the bytes after the common part are. */
  readonly at: number;
}

/** Named structs and enums of a .BTF section, in its order. Throws RangeError for what is not BTF. */
export function parseBtf(section: Uint8Array): (BtfStruct | BtfEnum)[] {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const u32 = (at: number) => view.getUint32(at, true);
  if (section.length < 24 || view.getUint16(0, true) !== 0xeb9f) throw new RangeError("not a .BTF section");
  const header = u32(4);
  const strings = header + u32(16);
  const raw: RawType[] = [{ kind: 0, vlen: 0, flag: false, name: "void", sizeOrType: 0, at: 0 }];
  for (let at = header + u32(8), end = at + u32(12); at < end; ) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const vlen = info & 0xffff;
    const size = KINDS[kind];
    if (size === undefined) throw new RangeError(`BTF has a type of the unknown kind ${kind}`);
    raw.push({
      kind,
      vlen,
      flag: info >>> 31 === 1,
      name: cString(section, strings + u32(at)),
      sizeOrType: u32(at + 8),
      at: at + 12,
    }); // prettier-ignore
    at += 12 + size[0] + size[1] * vlen;
  }

  function resolve(id: number): BtfType {
    const type = raw[id];
    if (type === undefined) throw new RangeError(`BTF has no type ${id}`);
    if (TRANSPARENT.has(type.kind)) return resolve(type.sizeOrType);
    const { kind, name, at, vlen } = type;
    const each = <T>(size: number, make: (at: number) => T) =>
      Array.from({ length: vlen }, (_, i) => make(at + i * size));
    switch (kind) {
      case KIND.int:
        return { kind: "int", name, size: type.sizeOrType, signed: ((u32(at) >>> 24) & 1) === 1 };
      case KIND.array:
        return { kind: "array", element: resolve(u32(at)), length: u32(at + 8) };
      case KIND.struct:
        return {
          kind: "struct",
          name,
          size: type.sizeOrType,
          members: each(12, (member) => ({
            name: cString(section, strings + u32(member)),
            offset: (type.flag ? u32(member + 8) & 0xffffff : u32(member + 8)) / 8,
            type: resolve(u32(member + 4)),
          })),
        };
      case KIND.enum:
        return {
          kind: "enum",
          name,
          size: type.sizeOrType,
          values: each(8, (value) => ({
            name: cString(section, strings + u32(value)),
            value: type.flag ? view.getInt32(value + 4, true) : u32(value + 4),
          })),
        };
      default:
        return { kind: "other", name };
    }
  }

  return raw.flatMap(({ kind, name }, id) => {
    if (name === "" || (kind !== KIND.struct && kind !== KIND.enum)) return [];
    const type = resolve(id);
    return type.kind === "struct" || type.kind === "enum" ? [type] : [];
  });
}

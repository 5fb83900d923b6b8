/** What a loader wants of a 64-bit little-endian ELF object: sections by name and symbols. */
export interface Elf {
  section(name: string): Uint8Array | undefined;
  /** Offset and size of a symbol inside `section`; undefined where it has none of that name. */
  symbol(section: string, name: string): { readonly offset: number; readonly size: number } | undefined;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SYMBOL_SIZE = 24;

/** Throws RangeError when `bytes` are not such an object. */
export function parseElf(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new RangeError("not a 64-bit little-endian ELF file");
  }
  const headers = Number(view.getBigUint64(40, true));
  const headerSize = view.getUint16(58, true);
  const namesIndex = view.getUint16(62, true);
  const raw = Array.from({ length: view.getUint16(60, true) }, (_, index) => {
    const at = headers + index * headerSize;
    return {
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
    };
  });
  const names = raw[namesIndex]?.offset ?? 0;
  const sections: Section[] = raw.map((section) => ({ ...section, name: cString(bytes, names + section.name) }));
  const content = (section: Section) => bytes.subarray(section.offset, section.offset + section.size);

  return {
    section(name) {
      const found = sections.find((section) => section.name === name && section.type !== SHT_NOBITS);
      return found === undefined ? undefined : content(found);
    },
    symbol(sectionName, name) {
      const index = sections.findIndex((section) => section.name === sectionName);
      const table = sections.find((section) => section.type === SHT_SYMTAB);
      if (index < 0 || table === undefined) return undefined;
      const strings = sections[table.link]?.offset ?? 0;
      for (let at = table.offset; at < table.offset + table.size; at += SYMBOL_SIZE) {
        if (view.getUint16(at + 6, true) !== index) continue;
        if (cString(bytes, strings + view.getUint32(at, true)) !== name) continue;
        return { offset: Number(view.getBigUint64(at + 8, true)), size: Number(view.getBigUint64(at + 16, true)) };
      }
      return undefined;
    },
  };
}

/** The NUL-terminated text at `offset`. */
export function cString(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return Buffer.from(bytes.subarray(offset, end < 0 ? bytes.length : end)).toString("latin1");
}

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

/** What a file of an archive holds: text or bytes, or the path of a file of this machine. */
export type CpioContent = { readonly data: string | Uint8Array } | { readonly file: string };

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;

/**
 * An archive in cpio's "newc" format, as the kernel unpacks it for its first root: files that all may run, owned by
 * root, below the directories that they need. Paths have no leading slash.
 */
export function cpioArchive(files: ReadonlyMap<string, CpioContent>): Uint8Array {
  const parts: Buffer[] = [];
  let inode = 1;
  for (const folder of folders(files.keys())) parts.push(...entry(folder, DIRECTORY, inode++, Buffer.alloc(0)));
  for (const [path, content] of files) {
    const data = "file" in content ? readFileSync(content.file) : Buffer.from(content.data);
    parts.push(...entry(path, PROGRAM, inode++, data));
  }
  parts.push(...entry("TRAILER!!!", 0, 0, Buffer.alloc(0)));
  return Buffer.concat(parts);
}

/** Parents before children. */
function folders(paths: Iterable<string>): readonly string[] {
  const all = new Set<string>();
  for (const path of paths) for (let at = dirname(path); at !== "."; at = dirname(at)) all.add(at);
  return [...all].sort();
}

function entry(name: string, mode: number, inode: number, data: Buffer): Buffer[] {
  const links = mode === DIRECTORY ? 2 : 1;
  const size = Buffer.byteLength(name) + 1;
  // Inode, mode, uid, gid, links, mtime, size, device (4 words), length of the name, checksum (unused).
  const numbers = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, size, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return [padded(Buffer.from(header)), padded(data)];
}

/** Headers and contents each end on a multiple of four bytes. */
const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc(-data.length & 3)]);

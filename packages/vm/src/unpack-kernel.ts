import type { Buffer } from "node:buffer";
import { runProgram } from "./run-program.ts";

/** Offsets in a bzImage (Linux: Documentation/arch/x86/boot.rst). */
const SETUP_SECTORS = 0x1f1;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR = 512;

/** How a payload begins, and who unpacks it. Debian's generic kernels have xz, its cloud kernels lz4. */
const PACKERS: readonly (readonly [start: string, program: string])[] = [
  ["fd377a585a00", "xz"],
  ["28b52ffd", "zstd"],
  ["02214c18", "lz4"],
  ["1f8b", "gzip"],
];
const ELF = "7f454c46";

/**
 * The ELF image inside a bzImage: QEMU starts it by its PVH entry, and the guest need not unpack itself, which takes
 * an emulated processor seconds. Undefined where it has none that can be had here: then the bzImage itself boots.
 */
export async function unpackKernel(image: Buffer): Promise<Buffer | undefined> {
  const sectors = image[SETUP_SECTORS] || 4;
  const start = (sectors + 1) * SECTOR + image.readUInt32LE(PAYLOAD_OFFSET);
  const payload = image.subarray(start, start + image.readUInt32LE(PAYLOAD_LENGTH));
  const known = PACKERS.find(([bytes]) => payload.toString("hex", 0, bytes.length / 2) === bytes);
  if (known === undefined) return undefined;
  const [, program] = known;
  // The last four bytes are the unpacked length; some unpackers call them garbage.
  for (const data of [payload, payload.subarray(0, -4)]) {
    try {
      const unpacked = await runProgram(program, ["-dc"], data);
      if (unpacked.toString("hex", 0, 4) === ELF) return unpacked;
    } catch {
      // The next way; in the end the bzImage boots as well, only later.
    }
  }
  return undefined;
}

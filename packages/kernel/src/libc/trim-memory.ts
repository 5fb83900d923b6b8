import { libc } from "./libc.ts";

/** Hands what the C library has free, also between what is in use, back to the kernel; some milliseconds. */
export function trimMemory(): void {
  libc.mallocTrim(0);
}

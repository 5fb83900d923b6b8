export * from "./bpf-object.ts";
export * from "./kernel.ts";
export * from "./kernel-error.ts";
export * from "./kernel-op.ts";
export { check, errnoName, errnoNumber, errnoWords } from "./libc/errno.ts";
export { Fd } from "./libc/fd.ts";
export { FdWatcher } from "./libc/fd-watcher.ts";
export { addressOf, errno, libc } from "./libc/libc.ts";

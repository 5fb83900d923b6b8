export * from "./bpf-object.ts";
export * from "./kernel.ts";
export * from "./kernel-error.ts";
export * from "./kernel-op.ts";

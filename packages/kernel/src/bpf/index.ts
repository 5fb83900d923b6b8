export * from "./bpf-info.ts";
export * from "./bpf-maps.ts";
export * from "./btf.ts";
export * from "./elf.ts";
export * from "./libbpf-map.ts";
export * from "./libbpf-program.ts";
export * from "./load-bpf-object.ts";

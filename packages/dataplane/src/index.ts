export * from "./abi.ts";
export * from "./counters.ts";
export * from "./execute-steps.ts";
export * from "./fake-hub-kernel.ts";
export { FILTER_PREFERENCE, FROM_GUEST, FROM_WIRE, RESOLVE_NIC } from "./hub-filters.ts";
export { observe } from "./observe/observe.ts";
export * from "./step-error.ts";

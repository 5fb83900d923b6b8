export * from "./hub-state.ts";
export * from "./inventory.ts";
export * from "./step.ts";

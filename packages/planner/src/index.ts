export * from "./apply-steps.ts";
export * from "./bucket-table.ts";
export * from "./desired-state.ts";
export * from "./hub-state.ts";
export * from "./inventory.ts";
export * from "./plan.ts";
export * from "./slice-mac.ts";
export * from "./step.ts";
export { vifDevice } from "./vif-plan.ts";

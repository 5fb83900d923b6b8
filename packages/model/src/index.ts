export * from "./error-catalogue.ts";
export * from "./gona-error.ts";
export * from "./host-spec.ts";
export * from "./ids.ts";
export * from "./units.ts";

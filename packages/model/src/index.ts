export * from "./default-host-reserve.ts";
export * from "./docs/errors-markdown.ts";
export * from "./docs/spec-json-schema.ts";
export * from "./error-catalogue.ts";
export * from "./format-errors.ts";
export * from "./gona-error.ts";
export * from "./host-spec.ts";
export * from "./ids.ts";
export { addressWords } from "./scalar/address-words.ts";
export { formatDuration } from "./scalar/duration.ts";
export {
  CABLE_PREFIXES,
  MACHINE_JOINT_PREFIX,
  MACHINE_LABEL,
  MACHINE_TRUNK_PREFIXES,
  OWN_LINK_PREFIX,
  SPINE_END_PREFIX,
  SPINE_PREFIX,
  TRUNK_END_PREFIX,
  TRUNK_PREFIX,
} from "./scalar/name.ts";
export { nearestWord } from "./scalar/nearest-word.ts";
export { formatRate, parseRate } from "./scalar/rate.ts";
export { LOWEST_LIMIT } from "./spec/check-rates.ts";
export * from "./spec/findings-error.ts";
export { DEFAULT_MAX_SPEC_BYTES, type ParsedSpec, type ParseOptions, parseSpec } from "./spec/parse-spec.ts";
export { formatPath, type Path, parsePath } from "./spec/spec-path.ts";
export * from "./spec/spec-reader.ts";
export { MAX_NICS, MAX_SLICES, MAX_VIFS, SpecSchema } from "./spec/spec-schema.ts";
export * from "./spec/unsupported.ts";
export * from "./units.ts";

import type { Path } from "./spec-path.ts";

/**
 * A look into a spec that may be wrong in any way: the checks of names and references see as much
 * of it as makes sense, so that one pass reports these errors beside those of the schema.
 */
export interface Raw {
  readonly value: unknown;
  readonly path: Path;
}

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function field(raw: Raw, key: string): Raw {
  const value = isMap(raw.value) && Object.hasOwn(raw.value, key) ? raw.value[key] : undefined;
  return { value, path: [...raw.path, key] };
}

/** The entries of a list; none where it is no list. */
export const items = (raw: Raw): readonly Raw[] =>
  Array.isArray(raw.value) ? raw.value.map((value: unknown, i) => ({ value, path: [...raw.path, i] })) : [];

export const textOf = (raw: Raw): string | undefined => (typeof raw.value === "string" ? raw.value : undefined);

export const isPresent = (raw: Raw): boolean => raw.value !== undefined;

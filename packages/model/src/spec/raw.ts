import type { Path } from "./spec-path.ts";

/**
 * A look into a spec that may be wrong in any way: the checks of names and references see as much
 * of it as makes sense, so that one pass reports these errors beside those of the schema. Paths are
 * built only for errors: a good spec has tens of thousands of places and needs none.
 */
export class Raw {
  readonly value: unknown;
  readonly #parent: Raw | undefined;
  readonly #key: string | number;

  constructor(value: unknown, parent?: Raw, key: string | number = "") {
    this.value = value;
    this.#parent = parent;
    this.#key = key;
  }

  get path(): Path {
    return this.#parent === undefined ? [] : [...this.#parent.path, this.#key];
  }
}

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const field = (raw: Raw, key: string): Raw =>
  new Raw(isMap(raw.value) && Object.hasOwn(raw.value, key) ? raw.value[key] : undefined, raw, key);

/** The entries of a list; none where it is no list. */
export const items = (raw: Raw): readonly Raw[] =>
  Array.isArray(raw.value) ? raw.value.map((value: unknown, i) => new Raw(value, raw, i)) : [];

export const textOf = (raw: Raw): string | undefined => (typeof raw.value === "string" ? raw.value : undefined);

export const isPresent = (raw: Raw): boolean => raw.value !== undefined;

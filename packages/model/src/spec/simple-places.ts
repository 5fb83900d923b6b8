import type { Path } from "./spec-path.ts";
import type { ProblemPoint } from "./spec-problem.ts";
import type { SourcePlace } from "./spec-source.ts";

interface Entry {
  /** Of the key in a map. */
  readonly keyStart: number;
  /** Of a scalar's text; a map or list knows its own start. */
  readonly start: number;
  readonly end: number;
}

/** Where the maps, lists and scalars stood that the simple reader made, while it was told to take notes. */
export class SimplePlaces {
  readonly #starts = new Map<object, number>();
  readonly #entries = new Map<object, Map<string | number, Entry>>();

  open(container: object, start: number): void {
    this.#starts.set(container, start);
    this.#entries.set(container, new Map());
  }

  note(container: object, key: string | number, entry: Entry): void {
    this.#entries.get(container)?.set(key, entry);
  }

  /** As SpecSource.place. */
  find(text: string, root: unknown, path: Path, point: ProblemPoint): SourcePlace {
    let value = root;
    let start = this.#startOf(root, 0);
    let entry: Entry = { keyStart: start, start, end: text.length };
    for (const part of path) {
      const inside = isContainer(value) ? value : undefined;
      const next = inside && this.#entries.get(inside)?.get(part);
      if (inside === undefined || next === undefined) return { offset: start, kind: "absent" };
      value = (inside as Readonly<Record<string | number, unknown>>)[part];
      start = this.#startOf(value, next.start);
      entry = typeof part === "number" ? { ...next, keyStart: start } : next;
    }
    const offset = point === "key" ? entry.keyStart : start;
    if (Array.isArray(value)) return { offset, kind: "list" };
    if (isContainer(value)) return { offset, kind: "map" };
    if (value === null) return { offset, kind: "nothing" };
    return { offset, kind: "scalar", text: typeof value === "string" ? value : text.slice(entry.start, entry.end) };
  }

  #startOf(value: unknown, otherwise: number): number {
    return (isContainer(value) ? this.#starts.get(value) : undefined) ?? otherwise;
  }
}

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

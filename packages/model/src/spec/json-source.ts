import type { Path } from "./spec-path.ts";
import type { ProblemPoint } from "./spec-problem.ts";
import { MAX_DEPTH, type SourcePlace, type SpecSource } from "./spec-source.ts";

interface JsonNode {
  readonly start: number;
  readonly end: number;
  readonly entries?: ReadonlyMap<string, { readonly keyStart: number; readonly node: JsonNode }>;
  readonly items?: readonly JsonNode[];
}

/** Where the string that starts at `at` ends (after its quote). */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x5c) i++;
    else if (unit === 0x22) return i + 1;
  }
  return text.length;
}

/** Keys as the text has them, and how deep it nests: what JSON.parse does not tell. */
function survey(text: string): { keys: number; depth: number } {
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) i = stringEnd(text, i) - 1;
    else if (unit === 0x3a) keys++;
    else if (unit === 0x7b || unit === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (unit === 0x7d || unit === 0x5d) depth--;
  }
  return { keys, depth: deepest };
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const children = Object.values(value);
  let keys = Array.isArray(value) ? 0 : children.length;
  for (const child of children) keys += countKeys(child);
  return keys;
}

/** Reads well-formed JSON into nodes with places. */
class JsonTree {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonNode {
    this.#skipSpace();
    const start = this.#at;
    const first = this.#text[start];
    if (first === "{") return this.#map(start);
    if (first === "[") return this.#list(start);
    if (first === '"') this.#at = stringEnd(this.#text, start);
    else while (this.#at < this.#text.length && !",]}: \t\r\n".includes(this.#text[this.#at] ?? "")) this.#at++;
    return { start, end: this.#at };
  }

  #map(start: number): JsonNode {
    const entries = new Map<string, { keyStart: number; node: JsonNode }>();
    for (this.#enter(); this.#text[this.#at] !== "}"; this.#skipComma()) {
      const keyStart = this.#at;
      this.#at = stringEnd(this.#text, keyStart);
      const key: string = JSON.parse(this.#text.slice(keyStart, this.#at));
      this.#skipSpace();
      this.#at++; // the colon
      entries.set(key, { keyStart, node: this.read() });
    }
    return { start, end: ++this.#at, entries };
  }

  #list(start: number): JsonNode {
    const items: JsonNode[] = [];
    for (this.#enter(); this.#text[this.#at] !== "]"; this.#skipComma()) items.push(this.read());
    return { start, end: ++this.#at, items };
  }

  #enter(): void {
    this.#at++;
    this.#skipSpace();
  }

  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #skipComma(): void {
    this.#skipSpace();
    if (this.#text[this.#at] === ",") this.#enter();
  }
}

function placeIn(text: string, root: JsonNode, path: Path, point: ProblemPoint): SourcePlace {
  let node = root;
  let keyStart = root.start;
  for (const part of path) {
    const entry = typeof part === "string" ? node.entries?.get(part) : undefined;
    const next = entry?.node ?? (typeof part === "number" ? node.items?.[part] : undefined);
    if (next === undefined) return { offset: node.start, kind: "absent" };
    keyStart = entry?.keyStart ?? next.start;
    node = next;
  }
  const offset = point === "key" ? keyStart : node.start;
  if (node.entries !== undefined) return { offset, kind: "map" };
  if (node.items !== undefined) return { offset, kind: "list" };
  const source = text.slice(node.start, node.end);
  if (source === "null") return { offset, kind: "nothing" };
  return { offset, kind: "scalar", text: source.startsWith('"') ? String(JSON.parse(source)) : source };
}

/**
 * Reads a spec that is JSON: a hundred times faster than the YAML reader, which takes over
 * (undefined) where the text is not JSON, nests too deep, or has a key twice in one map.
 */
export function readJson(text: string): SpecSource | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  const { keys, depth } = survey(text);
  if (depth > MAX_DEPTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // may be YAML's flow style; the YAML reader says what is wrong, with a place
  }
  if (countKeys(value) !== keys) return undefined;
  let root: JsonNode | undefined;
  return {
    value,
    place(path, point) {
      root ??= new JsonTree(text).read();
      return placeIn(text, root, path, point);
    },
  };
}

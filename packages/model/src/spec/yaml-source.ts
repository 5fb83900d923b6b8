import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from "yaml";
import type { Path } from "./spec-path.ts";
import type { ProblemPoint } from "./spec-problem.ts";
import { MAX_DEPTH, type ReadResult, type SourcePlace, type SyntaxProblem } from "./spec-source.ts";

type SpecDocument = ReturnType<typeof parseDocument>;

/** Aliases that a spec may use; also bounds how much text a chain of them can stand for. */
const MAX_ALIASES = 1000;

/** A broken line breaks those after it; more than these help nobody. */
const MAX_SYNTAX_PROBLEMS = 20;

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BLOCK_AS_IMPLICIT_KEY: "is a line indented too far, or a quote missing?",
  MULTIPLE_DOCS: "one spec is one document",
};

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

const textOfScalar = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

/** As toJS names the key. */
const keyText = (key: unknown): string => (isScalar(key) ? textOfScalar(key.value) : String(key));

/** The node itself, or what it is an alias of. */
const resolve = (document: SpecDocument, node: unknown): unknown =>
  isAlias(node) ? (node.resolve(document) ?? node) : node;

function pathOf(document: SpecDocument, offset: number): Path {
  const path: (string | number)[] = [];
  const holds = (node: unknown) =>
    isNode(node) && node.range != null && node.range[0] <= offset && offset < node.range[2];
  let node: unknown = document.contents;
  for (;;) {
    if (isMap(node)) {
      const pair = node.items.find((item) => holds(item.key) || holds(item.value));
      if (pair === undefined) return path;
      path.push(keyText(pair.key));
      if (holds(pair.key)) return path;
      node = pair.value;
    } else if (isSeq(node)) {
      const index = node.items.findIndex(holds);
      if (index < 0) return path;
      path.push(index);
      node = node.items[index];
    } else return path;
  }
}

function describe(
  document: SpecDocument,
  problem: { code: string; message: string; pos: readonly [number, number] },
): SyntaxProblem {
  const [offset] = problem.pos;
  const path = pathOf(document, offset);
  if (problem.code === "DUPLICATE_KEY") {
    return { offset, path, message: `the key ${JSON.stringify(path.at(-1) ?? "")} stands twice in one map` };
  }
  const hint = HINTS[problem.code];
  const message = problem.message.replace(/^Source contains multiple documents.*/, "the text holds several documents");
  return { offset, path, message: `not well-formed YAML: ${message}`, ...(hint === undefined ? {} : { hint }) };
}

function placeIn(text: string, document: SpecDocument, path: Path, point: ProblemPoint): SourcePlace {
  let node: unknown = document.contents;
  let keyStart = startOf(node);
  for (const part of path) {
    const parent = resolve(document, node);
    let next: unknown;
    if (isMap(parent)) {
      // The last of two equal keys is the one that counts.
      const pair = parent.items.findLast((item) => keyText(item.key) === part);
      next = pair?.value ?? pair?.key;
      keyStart = startOf(pair?.key);
    } else if (isSeq(parent) && typeof part === "number") {
      next = parent.items[part];
      keyStart = startOf(next);
    }
    if (next === undefined) return { offset: startOf(parent), kind: "absent" };
    node = next;
  }
  const offset = point === "key" ? keyStart : startOf(node);
  const target = resolve(document, node);
  if (isMap(target)) return { offset, kind: "map" };
  if (isSeq(target)) return { offset, kind: "list" };
  if (!isScalar(target) || target.value === null) return { offset, kind: "nothing" };
  const quoted = target.type === "QUOTE_DOUBLE" || target.type === "QUOTE_SINGLE" || target.type?.startsWith("BLOCK");
  const range = target.range ?? [0, 0, 0];
  return {
    offset,
    kind: "scalar",
    text: quoted === true ? textOfScalar(target.value) : text.slice(range[0], range[1]),
  };
}

/** Nesting of brackets and of indentation, without understanding either: an upper bound. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x7b || unit === 0x5b) depth++;
    else if (unit === 0x7d || unit === 0x5d) depth = Math.max(0, depth - 1);
    else if (unit === 0x0a) depth = 0;
    if (depth > MAX_DEPTH) return true;
  }
  return /^(?:[-?:] ){65}/m.test(text);
}

/** Reads a spec that is YAML 1.2 (core schema), with every place kept. */
export function readYaml(text: string): ReadResult {
  const tooDeep: ReadResult = { problems: [{ offset: 0, message: `the spec nests deeper than ${MAX_DEPTH} levels` }] };
  if (nestsTooDeep(text)) return tooDeep;
  try {
    const document = parseDocument(text, { prettyErrors: false, version: "1.2", logLevel: "error" });
    const found = [...document.errors, ...document.warnings];
    // The library catches the end of the stack by itself and reports it as a flaw of the text.
    if (found.some(({ message }) => message.includes("call stack"))) return tooDeep;
    const problems = found.slice(0, MAX_SYNTAX_PROBLEMS).map((each) => describe(document, each));
    if (found.some(({ code }) => code !== "DUPLICATE_KEY")) return { problems };
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { problems, source: { value, place: (path, point) => placeIn(text, document, path, point) } };
  } catch (error) {
    if (error instanceof RangeError) return tooDeep; // the stack ended
    if (error instanceof ReferenceError) {
      const offset = Math.max(0, text.search(/(?<=[\s:[,-])\*/));
      return {
        problems: [{ offset, message: `aliases: ${error.message}`, hint: `at most ${MAX_ALIASES} are allowed` }],
      };
    }
    throw error;
  }
}

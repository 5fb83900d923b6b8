import { GonaError, SpecErrors, type SpecLocation } from "@gona/model";
import { type Document, isNode, isPair, LineCounter, parseDocument, visit } from "yaml";

type YamlPath = readonly (string | number)[];

/** The text of a scenario with its places, so that every error says where. */
export class ScenarioSource {
  readonly file: string;
  readonly text: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** Throws SpecErrors (SPEC_SYNTAX) when the text is no YAML. */
  constructor(text: string, file: string) {
    this.file = file;
    this.text = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const errors = this.#document.errors.map(
      (error) => new GonaError("SPEC_SYNTAX", error.message, { location: this.#place(error.pos[0], []) }),
    );
    throwAll(errors);
  }

  get value(): unknown {
    return this.#document.toJS();
  }

  error(
    code: "SPEC_INVALID" | "SPEC_REFERENCE" | "SPEC_DUPLICATE",
    path: YamlPath,
    message: string,
    hint?: string,
  ): GonaError {
    return new GonaError(code, message, { location: this.locate(path), ...(hint !== undefined && { hint }) });
  }

  /** Where the value at `path` stands; its nearest parent where it stands nowhere. */
  locate(path: YamlPath): SpecLocation {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.#place(node.range[0], path);
    }
    return this.#place(0, path);
  }

  /**
   * A part of the file as a text of its own. `inPlace` keeps every character where it is, so that
   * errors in it point into this file; `alone` moves it to the left margin.
   */
  part(path: YamlPath): { readonly inPlace: string; readonly alone: string } {
    const node = this.#document.getIn(path, true);
    if (!isNode(node) || !node.range) throw new GonaError("BUG", `the scenario has nothing at ${path.join(".")}`);
    const [start, end] = node.range;
    const { line, col } = this.#lines.linePos(start);
    const slice = this.text.slice(start, end);
    const margin = new RegExp(`\\n {0,${col - 1}}`, "g");
    return { inPlace: `${"\n".repeat(line - 1)}${" ".repeat(col - 1)}${slice}`, alone: slice.replace(margin, "\n") };
  }

  #place(offset: number, path: YamlPath): SpecLocation {
    const { line, col } = this.#lines.linePos(offset);
    const words = path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`));
    return { file: this.file, line, column: col, path: words.join("") };
  }
}

export function throwAll(errors: readonly GonaError[]): void {
  const [first, ...rest] = errors;
  if (first !== undefined) throw rest.length === 0 ? first : new SpecErrors([first, ...rest]);
}

/** Renames the namespaces of `create:` vifs in a spec's text; everything else stays as it was written. */
export function renameNamespaces(specText: string, renamed: (netns: string) => string): string {
  const document = parseDocument(specText);
  visit(document, {
    Pair(_, pair) {
      const key = isNode(pair.key) ? pair.key.toJSON() : pair.key;
      if (key !== "create" || !isNode(pair.value)) return;
      visit(pair.value, {
        Pair(__, inner) {
          if (!isPair(inner) || !isNode(inner.key) || inner.key.toJSON() !== "netns" || !isNode(inner.value)) return;
          inner.value = document.createNode(renamed(String(inner.value.toJSON())));
        },
      });
    },
  });
  return String(document);
}

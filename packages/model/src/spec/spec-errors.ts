import { GonaError, SpecErrors, type SpecLocation } from "../gona-error.ts";
import { LineIndex } from "./line-index.ts";
import { formatPath, type Path } from "./spec-path.ts";
import type { SpecProblem } from "./spec-problem.ts";
import type { SourcePlace, SpecSource, SyntaxProblem } from "./spec-source.ts";

/** Longer values are cut in messages. */
const LONGEST_FOUND = 60;

const shorten = (text: string): string => (text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text);

/** What a place holds, for people: `"300"`, `a map`, `nothing`; undefined where there is no such place. */
function foundAt(place: SourcePlace): { readonly said: string; readonly found: string } | undefined {
  if (place.kind === "absent") return undefined;
  if (place.kind === "nothing") return { said: "nothing", found: "nothing" };
  if (place.kind === "scalar") {
    const found = shorten(place.text ?? "");
    return { said: JSON.stringify(found), found };
  }
  return { said: `a ${place.kind}`, found: `a ${place.kind}` };
}

/** Gives problems their places in one file. */
export class SpecPlaces {
  readonly #file: string;
  readonly #text: string;
  readonly #source: SpecSource | undefined;
  #lines: LineIndex | undefined;

  constructor(file: string, text: string, source: SpecSource | undefined) {
    this.#file = file;
    this.#text = text;
    this.#source = source;
  }

  locate(path: Path): SpecLocation {
    return this.#location(this.#place(path, "value").offset, path);
  }

  problemError(problem: SpecProblem): GonaError {
    const place = this.#place(problem.path, problem.point ?? "value");
    const at =
      problem.found === undefined
        ? foundAt(place)
        : { said: JSON.stringify(problem.found), found: shorten(problem.found) };
    // A sentence of its own says what is wrong; the bare value would only repeat it.
    const saysFound = problem.message === "" || problem.found !== undefined;
    const says = [problem.message, saysFound ? `found ${at?.said ?? "nothing"}` : ""].filter((part) => part !== "");
    const sentence = `${says.join(": ")}${problem.allowed === undefined ? "" : `, allowed: ${problem.allowed}`}`;
    return new GonaError(problem.code, sentence, {
      location: this.#location(place.offset, problem.path),
      ...(at === undefined || !saysFound ? {} : { found: at.found }),
      ...(problem.allowed === undefined ? {} : { allowed: problem.allowed }),
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    });
  }

  syntaxError(problem: SyntaxProblem): GonaError {
    return new GonaError("SPEC_SYNTAX", problem.message, {
      location: this.#location(problem.offset, problem.path ?? []),
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    });
  }

  #place(path: Path, point: "value" | "key"): SourcePlace {
    return this.#source?.place(path, point) ?? { offset: 0, kind: "absent" };
  }

  #location(offset: number, path: Path): SpecLocation {
    this.#lines ??= new LineIndex(this.#text);
    return { file: this.#file, ...this.#lines.at(offset), path: formatPath(path) };
  }
}

const order = (error: GonaError): number =>
  (error.detail.location?.line ?? 0) * 1e6 + Math.min(error.detail.location?.column ?? 0, 1e6 - 1);

/** Them all in the order of the file; undefined where there are none. */
export function joinErrors(errors: readonly GonaError[]): SpecErrors | undefined {
  const [first, ...rest] = errors.toSorted((a, b) => order(a) - order(b));
  return first === undefined ? undefined : new SpecErrors([first, ...rest]);
}

import { readJson } from "./json-source.ts";
import { SimplePlaces } from "./simple-places.ts";
import { readSimpleYaml } from "./simple-yaml.ts";
import type { ReadResult, SpecSource } from "./spec-source.ts";
import { readYaml } from "./yaml-source.ts";

/** What no text file holds: control characters, and what a decoder puts in the place of bytes that are no UTF-8. */
const NOT_TEXT = /(?![\t\n\r])[\p{Cc}\ufffd]/u;

/** Reads a piece of simple YAML by itself; undefined where it is not simple, or no text. */
export const readPiece = (text: string): { readonly value: unknown } | undefined =>
  NOT_TEXT.test(text) ? undefined : readSimpleYaml(text);

/** Reads a spec's text, JSON or YAML, without looking at what it says. */
export function readSpecText(text: string): ReadResult {
  const offset = text.search(NOT_TEXT);
  if (offset >= 0) {
    const code = (text.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const what = code === "FFFD" ? "bytes that are no UTF-8" : `the control character U+${code}`;
    return { problems: [{ offset, message: `not a text file: it holds ${what}` }] };
  }
  const json = readJson(text);
  if (json !== undefined) return { source: json, problems: [] };
  const simple = readSimpleYaml(text);
  if (simple === undefined) return readYaml(text);
  let places: SimplePlaces | undefined;
  let noted: unknown;
  const place: SpecSource["place"] = (path, point) => {
    if (places === undefined) {
      places = new SimplePlaces();
      noted = readSimpleYaml(text, places)?.value;
    }
    return places.find(text, noted, path, point);
  };
  return { source: { value: simple.value, place }, problems: [] };
}

import { readJson } from "./json-source.ts";
import type { ReadResult } from "./spec-source.ts";
import { readYaml } from "./yaml-source.ts";

/** What no text file holds: control characters, and what a decoder puts in the place of bytes that are no UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/;

/** Reads a spec's text, JSON or YAML, without looking at what it says. */
export function readSpecText(text: string): ReadResult {
  const offset = text.search(NOT_TEXT);
  if (offset >= 0) {
    const code = (text.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const what = code === "FFFD" ? "bytes that are no UTF-8" : `the control character U+${code}`;
    return { problems: [{ offset, message: `not a text file: it holds ${what}` }] };
  }
  const json = readJson(text);
  return json === undefined ? readYaml(text) : { source: json, problems: [] };
}

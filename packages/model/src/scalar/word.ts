import { nearestWord } from "./nearest-word.ts";
import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

/** One of some words; the nearest is the hint. */
export function readWord<const W extends string>(value: unknown, words: readonly W[]): Scalar<W> {
  const word = words.find((each) => each === value);
  if (word !== undefined) return good(word);
  const allowed = words.length === 1 ? `${words[0]}` : `one of ${words.join(", ")}`;
  const near = typeof value === "string" ? nearestWord(value, words) : undefined;
  return bad(allowed, near === undefined ? undefined : didYouMean(near));
}

const TRUTH: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  no: false,
  off: false,
  false: false,
};

/** `true` or `false`; YAML 1.1's `yes` and `on` are refused with a hint. */
export function readBoolean(value: unknown): Scalar<boolean> {
  if (typeof value === "boolean") return good(value);
  const meant = typeof value === "string" ? TRUTH[value.toLowerCase()] : undefined;
  return bad("true or false", meant === undefined ? undefined : didYouMean(String(meant)).replaceAll('"', ""));
}

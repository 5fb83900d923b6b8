import { type GonaError, SpecErrors } from "./gona-error.ts";

function formatOne({ message, detail }: GonaError): string {
  const { location, found, allowed, hint } = detail;
  const place = location === undefined ? [] : [`${location.file}:${location.line}:${location.column}`];
  const path = location === undefined || location.path === "" ? [] : [location.path];
  let sentence = message;
  if (found !== undefined && !quotes(sentence, found)) sentence += `, found ${JSON.stringify(found)}`;
  if (allowed !== undefined && !sentence.includes(allowed)) sentence += `, allowed: ${allowed}`;
  if (hint !== undefined && !sentence.includes(hint)) sentence += ` (${hint})`;
  return [...place, ...path, sentence].join(": ");
}

/** As it is, or with its control characters escaped. */
const quotes = (sentence: string, found: string): boolean =>
  sentence.includes(found) || sentence.includes(JSON.stringify(found).slice(1, -1));

/**
 * The text for people, one line per error:
 * `host.yaml:12:18: guests[0].vif.mac: found "x", allowed: a unicast MAC address … (hint)`.
 */
export function formatErrors(error: GonaError): string {
  return (error instanceof SpecErrors ? error.errors : [error]).map(formatOne).join("\n");
}

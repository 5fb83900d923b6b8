/** A spec's text cut at its guests. */
export interface GuestChunks {
  /** Everything but the guests; a text of its own. */
  readonly head: string;
  /** One item of the list each, with its dash and indentation. */
  readonly guests: readonly string[];
}

/**
 * Cuts a YAML text at the items of a `guests:` list that ends it, in block style; undefined where
 * it is written in another way. The cuts lie where a reader of simple YAML that takes the pieces
 * one by one reads what it would read in the whole.
 */
export function cutAtGuests(text: string): GuestChunks | undefined {
  const heading = /^guests:[ ]*(?:#.*)?\n/m.exec(text);
  if (heading === null) return undefined;
  const listStart = heading.index + heading[0].length;
  const first = /^(?:[ ]*(?:#.*)?\n)*?([ ]*)- /.exec(text.slice(listStart, listStart + 10_000));
  if (first === null) return undefined;
  const mark = `\n${first[1] ?? ""}- `;
  const guests: string[] = [];
  // The newline before the list belongs to the heading; what stands before the first dash is comment.
  for (let at = text.indexOf(mark, listStart - 1) + 1; at > 0; ) {
    const next = text.indexOf(mark, at) + 1;
    guests.push(next > 0 ? text.slice(at, next) : text.slice(at));
    at = next;
  }
  return { head: text.slice(0, heading.index), guests };
}

/** Keys and indices from the top of a spec. */
export type Path = readonly (string | number)[];

/** `guests[0].aggregate.slices[1].nic`; empty for the whole spec. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}

/** The reverse of formatPath, for paths of the language (whose keys hold no dot or bracket). */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  for (const [, index, key] of text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    path.push(index === undefined ? (key ?? "") : Number(index));
  }
  return path;
}

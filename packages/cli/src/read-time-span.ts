const MS_IN = { s: 1e3, min: 60e3, h: 3600e3, d: 86_400e3 } as const;

/** Reads `90s`, `10min`, `2h`, `7d` in milliseconds; undefined for anything else. */
export function readTimeSpan(word: string): number | undefined {
  const match = /^(\d{1,6}) ?(s|min|h|d)$/.exec(word);
  return match === null ? undefined : Number(match[1]) * MS_IN[match[2] as keyof typeof MS_IN];
}

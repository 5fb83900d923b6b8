/**
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours,
 * each 1 (Damerau 1964, restricted). Case costs nothing: `Hash` is no typing error worth counting.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Longer words are no typing errors, and the distance is quadratic. */
const LONGEST = 64;

/** The word nearest to `typed`, or undefined when none is near: at most a third of its letters (rounded up) wrong. */
export function nearestWord(typed: string, words: Iterable<string>): string | undefined {
  if (typed.length > LONGEST || typed.length === 0) return undefined;
  const lower = typed.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.ceil(typed.length / 3) + 1;
  for (const word of words) {
    if (Math.abs(word.length - typed.length) >= bestDistance) continue;
    const d = distance(lower, word.toLowerCase());
    if (d < bestDistance) {
      best = word;
      bestDistance = d;
    }
  }
  return best;
}

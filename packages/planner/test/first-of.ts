/** The first of a list that is not empty. */
export function firstOf<T>(list: Iterable<T>): T {
  for (const one of list) return one;
  throw new Error("the list is empty");
}

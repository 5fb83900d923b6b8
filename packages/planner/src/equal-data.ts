/**
 * Whether two pieces of plain data (primitives, arrays, plain objects, Uint8Array) are alike. The
 * same reference is alike at once, which is what makes an unchanged host cheap. A member that is
 * absent equals one that is undefined. No cycles, no Maps.
 */
export function equalData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  if (Array.isArray(b) || b instanceof Uint8Array) return false;
  return equalMembers(a as Members, b as Members);
}

/** Whether two byte arrays have one length and content. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

type Members = { readonly [name: string]: unknown };

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equalData(a[i], b[i])) return false;
  return true;
}

function equalMembers(a: Members, b: Members): boolean {
  for (const name in a) if (!equalData(a[name], b[name])) return false;
  // What `b` has and `a` lacks; what both have was compared above.
  for (const name in b) if (b[name] !== undefined && a[name] === undefined) return false;
  return true;
}

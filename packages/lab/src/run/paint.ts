/** Colours where there is a terminal that wants them, nothing elsewhere. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly accent: (text: string) => string;
}

const wrap = (code: string) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
const plain = (text: string): string => text;

export function paintFor(out: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Paint {
  const wanted = out.isTTY === true && env["NO_COLOR"] === undefined && env["TERM"] !== "dumb";
  if (!wanted) return { bold: plain, dim: plain, good: plain, bad: plain, accent: plain };
  return { bold: wrap("1"), dim: wrap("2"), good: wrap("32"), bad: wrap("31"), accent: wrap("36") };
}

/** Colours where the sink wants them, nothing elsewhere. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly accent: (text: string) => string;
}

const wrap = (code: string) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
const plain = (text: string): string => text;
const PLAIN: Paint = { bold: plain, dim: plain, good: plain, bad: plain, accent: plain };
const COLOURED: Paint = { bold: wrap("1"), dim: wrap("2"), good: wrap("32"), bad: wrap("31"), accent: wrap("36") };

export const paintFor = ({ colour }: { readonly colour: boolean }): Paint => (colour ? COLOURED : PLAIN);

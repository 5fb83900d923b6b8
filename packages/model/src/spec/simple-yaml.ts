import type { SimplePlaces } from "./simple-places.ts";
import { MAX_DEPTH } from "./spec-source.ts";

/** Thrown inside, never out: the text is not simple. One object, for it is thrown for its kind alone. */
class NotSimple extends Error {}
const NOT_SIMPLE = new NotSimple("not simple YAML");
const giveUp = (): never => {
  throw NOT_SIMPLE;
};

const SPACE = 0x20;
const HASH = 0x23;
const COLON = 0x3a;
const DASH = 0x2d;
const [OPEN_MAP, CLOSE_MAP, OPEN_LIST, CLOSE_LIST, COMMA] = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c];
const [QUOTE, APOSTROPHE] = [0x22, 0x27];

const isFlowIndicator = (unit: number): boolean =>
  unit === COMMA || unit === OPEN_MAP || unit === CLOSE_MAP || unit === OPEN_LIST || unit === CLOSE_LIST;

/** Plain scalars start with these and mean themselves; everything else may be an indicator. */
const PLAIN_START = /[a-zA-Z0-9_./~(^$\u00a1-\ud7ff]/;
/** What the core schema may take for something else than a string. */
const NUMBER = /^[-+.]?(?:\d|inf|nan)/i;
const CORE_NUMBER = /^(?:[-+]?(?:\d+|0o[0-7]+|0x[0-9a-f]+|(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?|\.inf)|\.nan)$/i;
const CORE_WORD = /^(?:~|null|true|false)$/i;

function resolvePlain(text: string): unknown {
  if (text.length <= 5) {
    if (text === "true") return true;
    if (text === "false") return false;
    if (text === "null" || text === "~") return null;
    if (CORE_WORD.test(text)) return giveUp();
  }
  if (!NUMBER.test(text) || !CORE_NUMBER.test(text)) return text;
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : giveUp();
}

/** Reads a YAML text of the kind that people and programs write specs in; see readSimpleYaml. */
class SimpleYaml {
  readonly #text: string;
  /** Start of the content, end of the line and column of the content, of each line that has any. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #columns: number[] = [];
  #line = 0;
  /** Where reading goes on in the current line, and the column of that place. */
  #at = 0;
  #column = -1;
  #depth = 0;
  /** Where the last scalar or flow collection ended. */
  #valueEnd = 0;
  readonly #places: SimplePlaces | undefined;

  constructor(text: string, places: SimplePlaces | undefined) {
    this.#text = text;
    this.#places = places;
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf("\n", from);
      const end = newline < 0 ? text.length : newline;
      let at = from;
      while (at < end && text.charCodeAt(at) === SPACE) at++;
      if (at < end && text.charCodeAt(at) !== HASH) {
        this.#starts.push(at);
        this.#ends.push(end);
        this.#columns.push(at - from);
      }
      from = end + 1;
    }
    this.#enterLine(0);
  }

  read(): unknown {
    if (this.#column < 0) return giveUp();
    const value = this.#block();
    return this.#column < 0 ? value : giveUp();
  }

  get #end(): number {
    return this.#ends[this.#line] ?? 0;
  }

  #enterLine(line: number): void {
    this.#line = line;
    this.#at = this.#starts[line] ?? 0;
    this.#column = this.#columns[line] ?? -1;
  }

  /** A map or list in block style that starts at the current place. */
  #block(): unknown {
    if (++this.#depth > MAX_DEPTH) return giveUp();
    const value = this.#isDash() ? this.#blockList(this.#column) : this.#blockMap(this.#column);
    this.#depth--;
    return value;
  }

  #isDash(): boolean {
    if (this.#text.charCodeAt(this.#at) !== DASH) return false;
    return this.#at + 1 === this.#end || this.#text.charCodeAt(this.#at + 1) === SPACE;
  }

  #blockList(column: number): unknown[] {
    const list: unknown[] = [];
    this.#places?.open(list, this.#at);
    while (this.#column === column && this.#isDash()) {
      this.#at++;
      const empty = this.#restIsEmpty();
      const start = this.#at;
      const value = empty ? this.#below(column, false) : this.#afterDash(column);
      this.#places?.note(list, list.length, { keyStart: start, start, end: this.#valueEnd });
      list.push(value);
    }
    if (this.#column > column) return giveUp();
    return list;
  }

  /** What stands in the line of a dash: a block of its own at its own column, or a value. */
  #afterDash(column: number): unknown {
    const lineStart = (this.#starts[this.#line] ?? 0) - (this.#columns[this.#line] ?? 0);
    const first = this.#text.charCodeAt(this.#at);
    if (this.#isDash() || (first !== OPEN_MAP && first !== OPEN_LIST && this.#keyEnd() >= 0)) {
      this.#column = this.#at - lineStart;
      return this.#block();
    }
    return this.#value(column);
  }

  #blockMap(column: number): unknown {
    const map: Record<string, unknown> = {};
    this.#places?.open(map, this.#at);
    while (this.#column === column) {
      const keyStart = this.#at;
      const keyEnd = this.#isDash() ? giveUp() : this.#keyEnd();
      if (keyEnd < 0) return giveUp();
      const key = this.#text.slice(this.#at, keyEnd);
      if (Object.hasOwn(map, key) || key === "__proto__" || CORE_WORD.test(key) || NUMBER.test(key)) return giveUp();
      this.#at = keyEnd + 1;
      const empty = this.#restIsEmpty();
      const start = this.#at;
      map[key] = empty ? this.#below(column, true) : this.#value(column);
      this.#places?.note(map, key, { keyStart, start, end: this.#valueEnd });
    }
    if (this.#column > column) return giveUp();
    return map;
  }

  /** Offset of the colon of the plain key at the current place; -1 where there is none. */
  #keyEnd(): number {
    const key = /[a-zA-Z_][a-zA-Z0-9_-]*(?=:(?: |$))/my;
    key.lastIndex = this.#at;
    return key.test(this.#text) ? key.lastIndex : -1;
  }

  /** Skips spaces and a comment; false where something else stands in the rest of the line. */
  #restIsEmpty(): boolean {
    const before = this.#at;
    while (this.#at < this.#end && this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
    if (this.#at === this.#end) return true;
    return this.#text.charCodeAt(this.#at) === HASH && this.#at > before;
  }

  /** The value that follows in the lines below, or null; a map's list may stand at the map's own column. */
  #below(column: number, inMap: boolean): unknown {
    this.#enterLine(this.#line + 1);
    if (this.#column > column) return this.#block();
    return inMap && this.#column === column && this.#isDash() ? this.#deeper(() => this.#blockList(column)) : null;
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) return giveUp();
    const value = read();
    this.#depth--;
    return value;
  }

  /** A value that ends in this line; the next line may not be indented deeper than `column`. */
  #value(column: number): unknown {
    const value = this.#inline(false);
    this.#valueEnd = this.#at;
    if (!this.#restIsEmpty()) return giveUp();
    this.#enterLine(this.#line + 1);
    return this.#column > column ? giveUp() : value;
  }

  #inline(inFlow: boolean): unknown {
    const first = this.#text.charCodeAt(this.#at);
    if (first === OPEN_MAP) return this.#deeper(() => this.#flowMap());
    if (first === OPEN_LIST) return this.#deeper(() => this.#flowList());
    if (first === QUOTE || first === APOSTROPHE) return this.#quoted(first);
    return resolvePlain(this.#plain(inFlow));
  }

  #plain(inFlow: boolean): string {
    const { start, end } = { start: this.#at, end: this.#end };
    if (start >= end || !PLAIN_START.test(this.#text.charAt(start))) return giveUp();
    let at = start;
    let last = start;
    for (; at < end; at++) {
      const unit = this.#text.charCodeAt(at);
      if (unit === SPACE) continue;
      if (unit === HASH && this.#text.charCodeAt(at - 1) === SPACE) break;
      if (inFlow && isFlowIndicator(unit)) break;
      if (unit === COLON) {
        const next = at + 1 < end ? this.#text.charCodeAt(at + 1) : SPACE;
        if (next === SPACE || (inFlow && isFlowIndicator(next))) return giveUp();
      }
      last = at + 1;
    }
    this.#at = last;
    return this.#text.slice(start, last);
  }

  #quoted(quote: number): string {
    const from = this.#at + 1;
    const close = this.#text.indexOf(quote === QUOTE ? '"' : "'", from);
    if (close < 0 || close >= this.#end) return giveUp();
    const inner = this.#text.slice(from, close);
    const next = this.#text.charCodeAt(close + 1);
    if ((quote === QUOTE && inner.includes("\\")) || next === APOSTROPHE || next === COLON) return giveUp();
    this.#at = close + 1;
    return inner;
  }

  #skipSpaces(): number {
    while (this.#at < this.#end && this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
    return this.#at < this.#end ? this.#text.charCodeAt(this.#at) : giveUp();
  }

  /** After an entry of a flow collection: a comma, or the end. */
  #isClosed(close: number): boolean {
    const unit = this.#skipSpaces();
    if (unit !== close && unit !== COMMA) return giveUp();
    this.#at++;
    return unit === close || (this.#skipSpaces() === close && ++this.#at > 0);
  }

  #flowMap(): unknown {
    const map: Record<string, unknown> = {};
    this.#places?.open(map, this.#at);
    this.#at++;
    if (this.#skipSpaces() === CLOSE_MAP && ++this.#at > 0) return map;
    do {
      const keyEnd = this.#keyEnd();
      if (keyEnd < 0) return giveUp();
      const key = this.#text.slice(this.#at, keyEnd);
      if (Object.hasOwn(map, key) || key === "__proto__" || CORE_WORD.test(key)) return giveUp();
      const keyStart = this.#at;
      this.#at = keyEnd + 1;
      this.#skipSpaces();
      const start = this.#at;
      map[key] = this.#inline(true);
      this.#places?.note(map, key, { keyStart, start, end: this.#at });
    } while (!this.#isClosed(CLOSE_MAP));
    return map;
  }

  #flowList(): unknown {
    const list: unknown[] = [];
    this.#places?.open(list, this.#at);
    this.#at++;
    if (this.#skipSpaces() === CLOSE_LIST && ++this.#at > 0) return list;
    do {
      const start = this.#at;
      const value = this.#inline(true);
      this.#places?.note(list, list.length, { keyStart: start, start, end: this.#at });
      list.push(value);
    } while (!this.#isClosed(CLOSE_LIST));
    return list;
  }
}

/**
 * Reads YAML of the everyday kind some thirty times faster than the YAML library: block maps and lists,
 * flow style within a line, plain and quoted scalars within a line, comments. Returns undefined for
 * all else, also for everything that is wrong; the library then has the last word. A property test
 * holds the two against each other. Fills `places` where it is given.
 */
export function readSimpleYaml(text: string, places?: SimplePlaces): { readonly value: unknown } | undefined {
  // Tabs, carriage returns, directives and document marks: rare, and the library knows them.
  if (/[\t\r\u0085\u2028\u2029]|^(?:---|\.\.\.|%)/m.test(text)) return undefined;
  try {
    return { value: new SimpleYaml(text, places).read() };
  } catch (error) {
    if (error instanceof NotSimple) return undefined;
    throw error;
  }
}

import { errnoNumber, errnoWords } from "../libc/errno.ts";

/** The fake kernel's no, before it is known which operation of a list it belongs to. */
export class Refusal extends Error {
  readonly errno: string;

  constructor(errno: string, words: string) {
    super(words);
    this.errno = errno;
  }

  /** In the words of the C library. */
  static of(errno: string): Refusal {
    return new Refusal(errno, errnoWords(errnoNumber(errno)));
  }
}

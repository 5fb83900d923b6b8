import { GonaError } from "@gona/model/gona-error";

/** The kernel said no: `<operation>: <errno name> (<the kernel's own words>)`. */
export class KernelError extends GonaError {
  /** As in `tc class replace dev eth1 classid a09a:8`. */
  readonly operation: string;
  /** `EINVAL`. */
  readonly errno: string;
  /** Place in the list that was given to `run`; 0 for a single call. */
  readonly index: number;
  /** The kernel's own words. */
  readonly words: string;

  constructor(operation: string, errno: string, words: string, options?: ErrorOptions & { index?: number }) {
    super("KERNEL_REFUSED", `${operation}: ${errno}${words === "" ? "" : ` (${words})`}`, {}, options);
    this.operation = operation;
    this.errno = errno;
    this.index = options?.index ?? 0;
    this.words = words;
  }

  /** The same at another place of a list. */
  at(index: number): KernelError {
    if (index === this.index) return this;
    return new KernelError(this.operation, this.errno, this.words, { index, cause: this.cause });
  }
}

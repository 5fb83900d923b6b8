import koffi from "koffi";
import { KernelError } from "../kernel-error.ts";
import { errno, libc } from "./libc.ts";

const numbers = koffi.os.errno as Readonly<Record<string, number>>;
/** Names that share a number: the one that Linux documents first. */
const preferred: Readonly<Record<number, string>> = { 11: "EAGAIN", 95: "EOPNOTSUPP", 35: "EDEADLK" };
/** Of the kernel's own, unknown to the C library; netlink and BPF return it all the same. */
const ENOTSUPP = 524;

const names = new Map<number, string>();
for (const [name, number] of Object.entries(numbers)) names.set(number, name);
for (const [number, name] of Object.entries(preferred)) names.set(Number(number), name);
names.set(ENOTSUPP, "ENOTSUPP");

/** `EINVAL` for 22; `E1234` for a number without a name. */
export const errnoName = (number: number): string => names.get(number) ?? `E${number}`;

/** 22 for `EINVAL`. Throws RangeError for a name that Linux does not know. */
export function errnoNumber(name: string): number {
  const number = name === "ENOTSUPP" ? ENOTSUPP : numbers[name];
  if (number === undefined) throw new RangeError(`no errno is called ${name}`);
  return number;
}

/** `Invalid argument` for 22. */
export const errnoWords = (number: number): string =>
  number === ENOTSUPP ? "Operation is not supported" : libc.strerror(number);

/** The KernelError of the call that just failed. */
export function lastError(operation: string): KernelError {
  const number = errno();
  return new KernelError(operation, errnoName(number), errnoWords(number));
}

/** Passes a result that is not negative; else throws KernelError with errno and the C library's words. */
export function check(result: number, operation: string): number {
  if (result < 0) throw lastError(operation);
  return result;
}

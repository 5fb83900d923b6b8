/**
 * Branded quantities. A brand stops a rate from being assigned where a size is wanted; it does not
 * stop `a + b`, so arithmetic on rates lives in this module alone.
 */
declare const unit: unique symbol;
type Quantity<Unit extends string> = number & { readonly [unit]: Unit };

/** A rate in bits per second; a whole multiple of 8, because HTB counts whole bytes per second. */
export type BitsPerSecond = Quantity<"bit/s">;
/** A size in bytes (8 bits), whole and not negative. */
export type Bytes = Quantity<"byte">;
/** A duration in whole nanoseconds. */
export type Nanoseconds = Quantity<"ns">;
/** A duration in milliseconds, may be fractional. */
export type Milliseconds = Quantity<"ms">;
/** A part of a whole, 0 to 1. */
export type Ratio = Quantity<"ratio">;
/** A weight in what is spare: 1 to 10,000, 100 where the spec is silent. */
export type Shares = Quantity<"shares">;

/** The highest rate the language takes: 1 Tbit/s; twelve times below 2^53. */
export const MAX_BITS_PER_SECOND = 1e12;

function whole(value: number, low: number, high: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`);
  }
  return value;
}

/** Rounds to the 8 bit/s step below; throws RangeError outside 0 to 1 Tbit/s. */
export function bitsPerSecond(value: number): BitsPerSecond {
  if (!(value >= 0 && value <= MAX_BITS_PER_SECOND)) {
    throw new RangeError(`a rate must be from 0 to ${MAX_BITS_PER_SECOND} bit/s, not ${value}`);
  }
  return (Math.floor(value / 8) * 8) as BitsPerSecond;
}
export const kilobitsPerSecond = (value: number): BitsPerSecond => bitsPerSecond(value * 1e3);
export const megabitsPerSecond = (value: number): BitsPerSecond => bitsPerSecond(value * 1e6);
export const gigabitsPerSecond = (value: number): BitsPerSecond => bitsPerSecond(value * 1e9);

/** Throws RangeError unless a whole number, 0 to 2^53-1. */
export function bytes(value: number): Bytes {
  return whole(value, 0, Number.MAX_SAFE_INTEGER, "a size in bytes") as Bytes;
}
/** Throws RangeError unless a whole number, 0 to 2^53-1. */
export function nanoseconds(value: number): Nanoseconds {
  return whole(value, 0, Number.MAX_SAFE_INTEGER, "a duration in nanoseconds") as Nanoseconds;
}
/** Throws RangeError unless finite and not negative. */
export function milliseconds(value: number): Milliseconds {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new RangeError(`a duration in milliseconds must not be negative, not ${value}`);
  }
  return value as Milliseconds;
}
/** Throws RangeError outside 0 to 1. */
export function ratio(value: number): Ratio {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`a ratio must be from 0 to 1, not ${value}`);
  return value as Ratio;
}
/** Throws RangeError unless a whole number, 1 to 10,000. */
export function shares(value: number): Shares {
  return whole(value, 1, 10_000, "shares") as Shares;
}

export const addRates = (a: BitsPerSecond, b: BitsPerSecond): BitsPerSecond => bitsPerSecond(a + b);
/** a - b, never below 0. */
export const subtractRates = (a: BitsPerSecond, b: BitsPerSecond): BitsPerSecond => bitsPerSecond(Math.max(0, a - b));
/** rate x factor, rounded down to 8 bit/s. */
export const scaleRate = (rate: BitsPerSecond, factor: number): BitsPerSecond =>
  bitsPerSecond(Math.min(rate * factor, MAX_BITS_PER_SECOND));
export const minRate = (a: BitsPerSecond, b: BitsPerSecond): BitsPerSecond => (a <= b ? a : b);
export const sumRates = (rates: Iterable<BitsPerSecond>): BitsPerSecond => {
  let sum = 0;
  for (const rate of rates) sum += rate;
  return bitsPerSecond(sum);
};
/** Bytes that pass in `span` at `rate`, rounded up. */
export const bytesIn = (rate: BitsPerSecond, span: Nanoseconds): Bytes => bytes(Math.ceil((rate / 8) * (span / 1e9)));
/** Time that `size` takes at `rate`, rounded up to a nanosecond; throws RangeError at rate 0. */
export function timeToSend(size: Bytes, rate: BitsPerSecond): Nanoseconds {
  if (rate === 0) throw new RangeError("nothing is ever sent at 0 bit/s");
  return nanoseconds(Math.ceil((size * 8e9) / rate));
}

/** What the UDP sequence prober sends: a header, and zeros up to the wanted size. */
export const PROBE_HEADER_BYTES = 20;
const MAGIC = 0x474f4e41; // "GONA"

export function writeProbe(
  view: DataView,
  stream: number,
  sequence: number,
  seconds: number,
  nanoseconds: number,
): void {
  view.setUint32(0, MAGIC);
  view.setUint32(4, stream);
  view.setUint32(8, sequence);
  view.setUint32(12, seconds);
  view.setUint32(16, nanoseconds);
}

/** A datagram of ours, of that stream. `offset`: where it begins in the view. */
export const isProbe = (view: DataView, offset: number, length: number, stream: number): boolean =>
  length >= PROBE_HEADER_BYTES && view.getUint32(offset) === MAGIC && view.getUint32(offset + 4) === stream;

export const sequenceOf = (view: DataView, offset: number): number => view.getUint32(offset + 8);
/** CLOCK_REALTIME at the sender, nanoseconds since a second that the caller chose. */
export const sentSince = (view: DataView, offset: number, second: number): number =>
  (view.getUint32(offset + 12) - second) * 1e9 + view.getUint32(offset + 16);

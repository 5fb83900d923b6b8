/**
 * How many times slower than a usual machine this one is, for deadlines: 1, or what GONA_LAB_SLOWNESS says
 * (bench-in-guest.ts sets it: emulated processors).
 */
export const SLOWNESS = Math.max(1, Number(process.env.GONA_LAB_SLOWNESS ?? 1) || 1);

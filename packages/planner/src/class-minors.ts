import { LANES, REST_PART } from "./hub-state.ts";

/*
 * Minors of the classes of one tree, by vif slot (0 to 4095): the slice that holds packets and its seven
 * parts, pacers, lanes beyond the first, and slices that hold none but have parts. None is 0xa09a, as
 * leaves are named after their class.
 */
export const ROOT_MINOR = 1;
export const HOST_MINOR = 2;
/** Minors of a slice and its parts: 8 (slot + 1) and the seven that follow. */
const MINORS_PER_SLOT = 8;
const FIRST_PACER = 0x8008;
const FIRST_LANE = 0x9008;
/** Slots that may have lanes. */
export const LANED_SLOTS = 512;
const END_OF_LANES = FIRST_LANE + LANES * LANED_SLOTS;
const FIRST_INNER = 0xb000;

/** `part` 0: the slice itself, where it holds packets. */
export const classMinor = (vifSlot: number, part = 0): number =>
  part > REST_PART ? FIRST_LANE + LANES * vifSlot + part - REST_PART : (vifSlot + 1) * MINORS_PER_SLOT + part;
/** The class above a slice's that paces it. */
export const pacerMinor = (vifSlot: number): number => FIRST_PACER + vifSlot;
/** The class of a slice with parts. */
export const innerMinor = (vifSlot: number): number => FIRST_INNER + vifSlot;

export type MinorKind = "tree" | "slice" | "part" | "pacer" | "inner";

/** What a minor stands for; "tree": no vif's. */
export function minorKind(minor: number): MinorKind {
  if (minor < MINORS_PER_SLOT) return "tree";
  if (minor < FIRST_PACER) return minor % MINORS_PER_SLOT === 0 ? "slice" : "part";
  if (minor < FIRST_LANE) return "pacer";
  if (minor < END_OF_LANES) return "part";
  return minor < FIRST_INNER ? "tree" : "inner";
}

/** The vif slot of a minor whose kind is not "tree". */
export function minorSlot(minor: number): number {
  if (minor < FIRST_PACER) return Math.floor(minor / MINORS_PER_SLOT) - 1;
  if (minor < FIRST_LANE) return minor - FIRST_PACER;
  return minor < END_OF_LANES ? Math.floor((minor - FIRST_LANE) / LANES) : minor - FIRST_INNER;
}

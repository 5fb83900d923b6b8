import { z } from "zod";

/**
 * The quantities of the wire. Brands do not survive JSON, so each field that holds one carries the
 * unit in its name.
 */
export const wireBitsPerSecond = z.int().min(0).meta({ description: "bits per second, a multiple of 8" });
/** A counter; above 2^53 it loses its last digits, as JSON numbers do. */
export const wireBytes = z.number().min(0).meta({ description: "bytes, every L2 header included" });
export const wirePackets = z.number().min(0).meta({ description: "packets" });
export const wireMilliseconds = z.number().min(0).meta({ description: "milliseconds" });
/** ISO 8601 in UTC, with milliseconds. */
export const wireTime = z.iso.datetime().meta({ description: "time in UTC" });
/** Revisions count from 1; 0 stands for "no spec was ever applied". */
export const wireRevision = z.int().min(0).meta({ description: "revision of the spec; 0: none yet" });

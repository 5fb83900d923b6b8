import { type BitsPerSecond, bitsPerSecond, type SliceShare } from "@gona/model";
import { RATE_FLOOR } from "./htb-shape.ts";

/** What a share counts for in admission: HTB assures RATE_FLOOR also to what reserves nothing. */
export const countedReserve = (share: SliceShare): BitsPerSecond =>
  bitsPerSecond(Math.max(share.reserve, Math.min(RATE_FLOOR, share.limit)));

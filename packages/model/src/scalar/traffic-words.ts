import { nearestWord } from "./nearest-word.ts";
import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

/** Code points by name: RFC 2474, 2597, 3246, 5865, 8622. */
export const DSCP_NAMES: Readonly<Record<string, number>> = {
  be: 0,
  df: 0,
  le: 1,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`cs${n}`, n * 8])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((cls) => [1, 2, 3].map((drop) => [`af${cls}${drop}`, cls * 8 + drop * 2] as const)),
  ),
  va: 44,
  ef: 46,
};

/** IP protocol numbers by the names that people write (IANA). */
export const PROTOCOL_NAMES: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  ospf: 89,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
};

/** Protocols whose header starts with two ports. */
export const PROTOCOLS_WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

function readNamed(
  value: unknown,
  names: Readonly<Record<string, number>>,
  high: number,
  allowed: string,
): Scalar<number> {
  if (typeof value === "number") {
    return Number.isInteger(value) && value >= 0 && value <= high ? good(value) : bad(allowed);
  }
  if (typeof value !== "string") return bad(allowed);
  const lower = value.toLowerCase();
  const number = Object.hasOwn(names, lower) ? names[lower] : undefined;
  if (number !== undefined) return good(number);
  const near = nearestWord(value, Object.keys(names));
  return bad(allowed, near === undefined ? undefined : didYouMean(near));
}

/** A DSCP: a name (`ef`, `af41`, `cs6`, …) or 0 to 63. */
export const readDscp = (value: unknown): Scalar<number> =>
  readNamed(value, DSCP_NAMES, 63, "a DSCP: be, le, cs0 to cs7, af11 to af43, va, ef, or a number from 0 to 63");

/** An IP protocol: a name (`tcp`, `udp`, …) or 0 to 255. */
export const readProtocol = (value: unknown): Scalar<number> =>
  readNamed(
    value,
    PROTOCOL_NAMES,
    255,
    `an IP protocol: ${Object.keys(PROTOCOL_NAMES).join(", ")}, or a number from 0 to 255`,
  );

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A port (`443`) or a range (`"5000-5999"`), 1 to 65535. */
export function readPorts(value: unknown): Scalar<PortRange> {
  const allowed = 'a port from 1 to 65535, or a range as in "5000-5999"';
  const match = /^(\d{1,5})(?:\s*[-:]\s*(\d{1,5}))?$/.exec(
    typeof value === "number" ? String(value) : typeof value === "string" ? value : "",
  );
  if (match === null) return bad(allowed);
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  if (from < 1 || to > 65535) return bad(allowed);
  return from <= to ? good({ from, to }) : bad(allowed, didYouMean(`${to}-${from}`));
}

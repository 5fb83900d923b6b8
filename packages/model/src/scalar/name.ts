import { bad, didYouMean, good, type Scalar } from "./scalar.ts";
import { utf8Length } from "./utf8-length.ts";

const quoteIt = (value: unknown): string | undefined =>
  typeof value === "number" || typeof value === "boolean"
    ? `put it in quotes: ${JSON.stringify(String(value))}`
    : undefined;

/** A name of GONA's own: letters, digits, `.`, `_`, `-`, starting with a letter or digit, at most `longest` bytes. */
export function readName(value: unknown, longest: number): Scalar<string> {
  const allowed = `a name of 1 to ${longest} letters, digits, ".", "_" or "-", starting with a letter or digit`;
  if (typeof value !== "string") return bad(allowed, quoteIt(value));
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(value) && value.length <= longest) return good(value);
  const meant = value
    .trim()
    .replace(/[^a-zA-Z0-9._-]+/g, "-")
    .replace(/^[^a-zA-Z0-9]+/, "")
    .slice(0, longest);
  return bad(allowed, meant === "" ? undefined : didYouMean(meant));
}

/** Prefix of the vif links that GONA makes in the hub. */
export const OWN_LINK_PREFIX = "gv-";
/** Of the two ends of its spines, the one with the queue tree first. */
export const SPINE_PREFIX = "gq-";
export const SPINE_END_PREFIX = "gp-";
/** Of a trunk's two ends: the hub's, which stands for the NIC there, and the one in the driver domain. */
export const TRUNK_PREFIX = "gt-";
export const TRUNK_END_PREFIX = "gd-";
/** Of the taps of a driver domain's virtual machines: behind a NIC's device, and behind its trunk where a spare stands by. */
export const CABLE_PREFIXES = { a: "gn-", b: "gm-" } as const;
export const MACHINE_TRUNK_PREFIXES = { a: "ga-", b: "gb-" } as const;
/** Of the other end of the pair that stands for the NIC then, where the way to one of the two is chosen. */
export const MACHINE_JOINT_PREFIX = "gx-";
/** How the labels of these links begin, as long as none is in use as a trunk. */
export const MACHINE_LABEL = "gona vm ";
const OWN_PREFIXES = [
  ...[OWN_LINK_PREFIX, SPINE_PREFIX, SPINE_END_PREFIX, TRUNK_PREFIX, TRUNK_END_PREFIX],
  ...Object.values(CABLE_PREFIXES),
  ...Object.values(MACHINE_TRUNK_PREFIXES),
  MACHINE_JOINT_PREFIX,
];

/** What the kernel takes as a link's name (dev_valid_name, and no `%`: that is a template) and GONA does not make itself. */
export function readLinkName(value: unknown, what: string): Scalar<string> {
  const allowed = `${what} of 1 to 15 bytes without space, "/", ":" or "%"`;
  if (typeof value !== "string") return bad(allowed, quoteIt(value));
  if (/[\s/:%\p{Cc}]/u.test(value) || value === "." || value === "..") return bad(allowed);
  if (value === "" || utf8Length(value) > 15) return bad(allowed);
  if (value === "lo") return bad(allowed, "lo is the loopback");
  const own = OWN_PREFIXES.find((prefix) => value.startsWith(prefix));
  if (own !== undefined) return bad(allowed, `names that start with ${own} are GONA's own`);
  return good(value);
}

/** The name of a network namespace: a file's name under /run/netns. */
export function readNetnsName(value: unknown): Scalar<string> {
  const allowed = 'the name of a network namespace, 1 to 63 bytes without space or "/"';
  if (typeof value !== "string") return bad(allowed, quoteIt(value));
  const unfit = /[\s/\p{Cc}]/u.test(value) || value === "" || value === "." || value === "..";
  return unfit || utf8Length(value) > 63 ? bad(allowed) : good(value);
}

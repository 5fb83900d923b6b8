import type { GuestSpec, HostSpec, NicSpec } from "../host-spec.ts";
import { checkGuest, Taken } from "./check-guests.ts";
import { checkHost, type KnownNic } from "./check-host.ts";
import { cutAtGuests } from "./guest-chunks.ts";
import { checkSize, locator, type ParsedSpec, type ParseOptions, parseSpec, withoutMark } from "./parse-spec.ts";
import { isMap, Raw } from "./raw.ts";
import { readPiece } from "./read-spec-text.ts";
import { resolveGuest, resolveSpec } from "./resolve-spec.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { GuestSchema, MAX_VIFS, SpecSchema } from "./spec-schema.ts";

/** Domains, fabrics and NICs: what every guest is checked against. */
interface HostPart {
  readonly head: string;
  readonly spec: HostSpec;
  readonly known: ReadonlyMap<string, KnownNic>;
  readonly nics: ReadonlyMap<string, NicSpec>;
}

/** A guest that is good by itself. */
interface GuestPart {
  readonly spec: GuestSpec;
  /** What no other guest may have. */
  readonly taken: readonly string[];
}

function readHost(head: string): HostPart | undefined {
  const value = readPiece(head)?.value;
  if (!isMap(value) || "guests" in value) return undefined;
  const parsed = SpecSchema.safeParse(value);
  const problems: SpecProblem[] = [];
  const known = checkHost(new Raw(value), problems);
  if (!parsed.success || problems.length > 0) return undefined;
  const spec = resolveSpec(parsed.data);
  return { head, spec, known, nics: new Map(spec.nics.map((nic) => [nic.name, nic])) };
}

function readGuest(text: string, { known, nics }: HostPart): GuestPart | undefined {
  const list = readPiece(text)?.value;
  if (!Array.isArray(list) || list.length !== 1) return undefined;
  const value: unknown = list[0];
  const parsed = GuestSchema.safeParse(value);
  const problems: SpecProblem[] = [];
  const taken = new Taken(problems);
  checkGuest(new Raw(value), known, taken, problems);
  if (!parsed.success || problems.length > 0) return undefined;
  return { spec: resolveGuest(parsed.data, nics), taken: [...taken.keys()] };
}

/**
 * Reads one spec after another, and of each only the guests whose text is not that of a guest of
 * the spec before: with a thousand guests and one change, a twentieth of the work. Guests that did
 * not change are the same objects. Says the same as parseSpec; a text that is wrong, or written in
 * another way than a block list of guests, is left to it.
 */
export class SpecReader {
  #host: HostPart | undefined;
  #guests: ReadonlyMap<string, GuestPart> = new Map();

  /** Throws what parseSpec throws. */
  parse(original: string, options: ParseOptions): ParsedSpec {
    checkSize(original, options);
    const text = withoutMark(original);
    const spec = this.#readPieces(text);
    return spec === undefined ? parseSpec(original, options) : { spec, locate: locator(text, options.file) };
  }

  /** With the very spec of the host before where the words mean the same: a comment changes no guest. */
  #readHost(head: string): HostPart | undefined {
    const before = this.#host;
    if (before?.head === head) return before;
    const host = readHost(head);
    return host !== undefined && JSON.stringify(host.spec) === JSON.stringify(before?.spec)
      ? { ...host, spec: before?.spec ?? host.spec }
      : host;
  }

  #readPieces(text: string): HostSpec | undefined {
    const pieces = cutAtGuests(text);
    if (pieces === undefined) return undefined;
    const host = this.#readHost(pieces.head);
    if (host === undefined) return undefined;
    const before = host.spec === this.#host?.spec ? this.#guests : new Map<string, GuestPart>();
    const guests = new Map<string, GuestPart>();
    const taken = new Set<string>();
    let vifs = 0;
    for (const piece of pieces.guests) {
      const guest = before.get(piece) ?? readGuest(piece, host);
      // A piece that stands twice is a name that stands twice.
      if (guest === undefined || guests.has(piece)) return undefined;
      guests.set(piece, guest);
      for (const key of guest.taken) {
        if (taken.has(key)) return undefined;
        taken.add(key);
      }
      vifs += guest.spec.vifs.length;
    }
    if (vifs > MAX_VIFS) return undefined;
    this.#host = host;
    this.#guests = guests;
    return { ...host.spec, guests: Array.from(guests.values(), ({ spec }) => spec) };
  }
}

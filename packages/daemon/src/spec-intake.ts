import { createHash } from "node:crypto";
import {
  findingsError,
  type HostSpec,
  type NicId,
  type ParsedSpec,
  parseSpec,
  type SpecFinding,
  unsupported,
} from "@gona/model";
import { fitSpec, type Placed, type VfOffer, vfOfferFindings } from "@gona/planner";
import { noteOf } from "./placement-note.ts";
import type { SpecDraft } from "./store.ts";

/** What a daemon without a spec goes by, and what teardown applies. */
export const EMPTY_SPEC = "apiVersion: gona/v1\nnics: []\nguests: []\n";

/** A spec as somebody handed it in. */
export interface SpecText {
  readonly text: string;
  /** What errors call its file. */
  readonly file: string;
}

/** A spec that was read, every slice chosen; `findings` is empty where it is supported and fits. */
export interface Intake {
  readonly spec: HostSpec;
  readonly parsed: ParsedSpec;
  readonly findings: readonly SpecFinding[];
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface ReadOptions {
  /** That of a SpecReader, which remembers the spec before. */
  readonly parse?: typeof parseSpec;
  /** The spec in force, with its slices: what wants stays where it is, where that will do. */
  readonly previous?: Placed | undefined;
  /** What the NICs of a spec say of their virtual functions; absent: they are not asked. */
  readonly vfsOf?: (spec: HostSpec) => ReadonlyMap<NicId, VfOffer>;
}

/**
 * Reads a spec, chooses the slices that it leaves open, and looks whether this version can execute it
 * and whether it fits. Throws SpecErrors, SPEC_TOO_LARGE.
 */
export function readSpec({ text, file }: SpecText, { parse = parseSpec, previous, vfsOf }: ReadOptions = {}): Intake {
  const parsed = parse(text, { file });
  const { spec, findings } = fitSpec(parsed.spec, previous);
  // What cannot be executed is left out of the reckoning, so its fit says nothing.
  const missing = unsupported(spec);
  const more = vfsOf === undefined ? [] : vfOfferFindings(spec, vfsOf(spec));
  return { spec, parsed, findings: missing.length > 0 ? missing : [...findings, ...more] };
}

/** The spec, or SpecErrors where it is not supported or does not fit. */
export function requireGood({ spec, parsed, findings }: Intake): HostSpec {
  const error = findingsError(findings, parsed);
  if (error !== undefined) throw error;
  return spec;
}

export const draftOf = ({ text, file }: SpecText, spec: HostSpec, atMs: number): SpecDraft => ({
  text,
  file,
  sha256: sha256(text),
  nics: spec.nics.length,
  guests: spec.guests.length,
  atMs,
  placement: noteOf(spec),
});

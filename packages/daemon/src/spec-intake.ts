import { createHash } from "node:crypto";
import { findingsError, type HostSpec, type ParsedSpec, parseSpec, type SpecFinding, unsupported } from "@gona/model";
import { admit } from "@gona/planner";
import type { SpecDraft } from "./store.ts";

/** What a daemon without a spec goes by, and what teardown applies. */
export const EMPTY_SPEC = "apiVersion: gona/v1\nnics: []\nguests: []\n";

/** A spec as somebody handed it in. */
export interface SpecText {
  readonly text: string;
  /** What errors call its file. */
  readonly file: string;
}

/** A spec that was read; `findings` is empty where it is supported and fits. */
export interface Intake {
  readonly spec: HostSpec;
  readonly parsed: ParsedSpec;
  readonly findings: readonly SpecFinding[];
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Reads a spec and looks whether this version can execute it and whether it fits. `parse` may be that
 * of a SpecReader, which remembers the spec before. Throws SpecErrors, SPEC_TOO_LARGE.
 */
export function readSpec({ text, file }: SpecText, parse: typeof parseSpec = parseSpec): Intake {
  const parsed = parse(text, { file });
  const missing = unsupported(parsed.spec);
  // What cannot be executed is left out of the reckoning, so its fit says nothing.
  return { spec: parsed.spec, parsed, findings: missing.length > 0 ? missing : admit(parsed.spec) };
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
});

import type { ErrorCode } from "@gona/model";

/** Why a spec cannot be carried out as it stands. */
export interface Finding {
  readonly code: ErrorCode;
  /** As SpecLocation.path: `guests[0].aggregate.slices[1].egress.reserve`. */
  readonly path: string;
  /** One sentence, with numbers. */
  readonly message: string;
  readonly found?: string;
  readonly allowed?: string;
  readonly hint?: string;
}

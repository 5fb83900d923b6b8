import type { HostEvent } from "@gona/api";
import type { NicId } from "@gona/model";
import type { LacpMemory } from "@gona/planner";

export type RevisionState = "pending" | "committed" | "rolled-back";

/** What is known of a spec before it has a revision. */
export interface SpecDraft {
  readonly text: string;
  readonly file: string;
  readonly sha256: string;
  readonly nics: number;
  readonly guests: number;
  readonly atMs: number;
  /** Which slices were chosen for guests that want, as noteOf() writes it; absent where none does. */
  readonly placement?: string | undefined;
}

export interface StoredRevision extends Omit<SpecDraft, "text" | "placement"> {
  readonly revision: number;
  readonly state: RevisionState;
  readonly error?: string;
}

export interface StoredSpec extends StoredRevision {
  readonly text: string;
  readonly placement?: string;
}

export interface EventQuery {
  /** Only events with a greater id. */
  readonly after?: number;
  /** The newest so many; answered oldest first. */
  readonly limit: number;
}

/**
 * What outlives the daemon: revisions of the spec and events. Each method throws GonaError STORAGE
 * when the disk is full, read-only or broken.
 */
export interface Store extends Disposable {
  /** A new revision, `pending`, safe on disk when this returns. */
  begin(draft: SpecDraft): number;
  /** It is what the kernel holds; safe on disk when this returns. */
  commit(revision: number): void;
  rollBack(revision: number, error: string): void;
  /** The newest committed one. */
  current(): StoredSpec | undefined;
  find(revision: number): StoredSpec | undefined;
  /** Newest first. */
  history(limit: number): StoredRevision[];
  /** Left `pending` by a daemon that died in the middle; oldest first. */
  unfinished(): StoredRevision[];
  /** NICs that an operator took out of use. */
  drained(): NicId[];
  /** Safe on disk when this returns. */
  setDrained(nic: NicId, drained: boolean): void;
  /** What LACP ports were left at. */
  lacpMemories(): ReadonlyMap<NicId, LacpMemory>;
  setLacpMemory(nic: NicId, memory: LacpMemory | undefined): void;
  addEvent(event: HostEvent): void;
  events(query: EventQuery): HostEvent[];
  lastEventId(): number;
}

import type { DomainWriter } from "@gona/kernel";
import type { DomainId, NicId } from "@gona/model";

/** A domain in which NICs can stand. It may be ready and not up: what stands in its kernel goes on without its agent. */
export interface ReadyDomain {
  readonly domain: DomainId;
  readonly isolation: "netns" | "vm";
  /**
   * Where its links are: a name below /run/netns, or a path that names the same namespace when the name is gone.
   * Of a vm undefined: its trunks are taps of the hub.
   */
  readonly netns: string | undefined;
  /** Undefined while nobody can write there: an agent is being restarted or has failed. Always so of a vm. */
  readonly writer: DomainWriter | undefined;
  /** NICs that may be used in it now; undefined: whatever is moved in. Of a vm: those whose device and trunk work. */
  readonly nics: ReadonlySet<NicId> | undefined;
}

import type { NicId } from "@gona/model";

/**
 * What the desired state depends on besides the spec: which links exist, and how the NICs fare.
 * A vif or NIC whose link is missing is pending: it is left out until it appears.
 */
export interface Inventory {
  /** Names of the hub's links. */
  readonly links: ReadonlySet<string>;
  /** NICs that the state machine holds to be usable; one not listed is not. */
  readonly nicsUp: ReadonlySet<NicId>;
}

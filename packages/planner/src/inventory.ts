import type { DomainId, Nanoseconds, NicId, VifId } from "@gona/model";
import type { NicBundling, Station } from "./hub-state.ts";
import type { VfOffer } from "./vf-offer.ts";

/**
 * What the desired state depends on besides the spec: which links exist, and how the NICs fare.
 * A vif or NIC whose link is missing is pending: it is left out until it appears.
 */
export interface Inventory {
  /** Names of the hub's links, and of the NICs that stand in driver domains. */
  readonly links: ReadonlySet<string>;
  /**
   * Names of the network namespaces that a vif can be made in; absent: any. A vif that GONA made
   * stays when its namespace loses its name: the link is what counts.
   */
  readonly namespaces?: ReadonlySet<string>;
  /**
   * NICs that a packet may leave by (the controller's gate is open); one not listed is dead.
   * gatesOf() makes both sets from the NICs' state machines.
   */
  readonly nicsUp: ReadonlySet<NicId>;
  /**
   * Of nicsUp, those that no bucket should point to while the vif has a better one: a carrier that
   * came back and must prove itself, a NIC that is being drained. They stay the way out of a guest
   * that has no other.
   */
  readonly nicsHeld?: ReadonlySet<NicId>;
  /** NICs that stand in a driver domain, which is ready for them; all others stand in the hub. */
  readonly placements?: ReadonlyMap<NicId, NicPlacement>;
  /** NICs that are to be left out for now, with the reason: their domain is not ready, or they are on their way. */
  readonly absentNics?: ReadonlyMap<NicId, string>;
  /** NICs that are not full members of the bundle that their fabric negotiates; absent: all are. */
  readonly nicsBundling?: ReadonlyMap<NicId, NicBundling>;
  /** NICs that say they carry out HTB trees (hw-tc-offload) and have not refused one. */
  readonly nicsOffload?: ReadonlySet<NicId>;
  /** What NICs say of their virtual functions; one that is not listed was not asked. */
  readonly nicsVfs?: ReadonlyMap<NicId, VfOffer>;
  /**
   * Bucket tables that the balancer asks for, GONA_BUCKETS slice numbers each; one that names a slice which may not
   * be used now is not taken.
   */
  readonly tables?: ReadonlyMap<VifId, Uint8Array>;
  /**
   * Vifs whose NICs changed a moment ago, with the stations that they had until then and that none of their slices has
   * now: frames to all their MACs are taken on every NIC. movingVifs() makes them.
   */
  readonly moving?: ReadonlyMap<VifId, readonly Station[]>;
  /** The kernel has fq_codel: latency goals are kept by the queues themselves. */
  readonly fqCodel?: true;
  /** How late this machine's timers are, 95th percentile, measured once; absent: not measured. */
  readonly timerLateness?: Nanoseconds;
}

/** Where a NIC stands. A virtual machine holds the trunk that stands for it. */
export type NicPlacement =
  | { readonly isolation: "netns"; readonly domain: DomainId; readonly netns: string }
  | { readonly isolation: "vm"; readonly domain: DomainId };

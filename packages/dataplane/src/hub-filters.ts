/** Programs by the names that bpf/gona.bpf.c gives them. */
export const FROM_GUEST = "gona_from_guest";
export const FROM_WIRE = "gona_from_wire";
export const FROM_SPINE = "gona_from_spine";
/** Beside a NIC in a domain: on its trunk's end there, and on the NIC. */
export const TO_NIC = "gona_to_nic";
export const FROM_NIC = "gona_from_nic";
/** On the egress side of a macvtap: what its guest sends. */
export const FROM_MACVTAP = "gona_from_macvtap";
/** All that are attached to links. */
export const ATTACHED: ReadonlySet<string> = new Set([
  FROM_GUEST,
  FROM_WIRE,
  FROM_SPINE,
  TO_NIC,
  FROM_NIC,
  FROM_MACVTAP,
]);
export const RESOLVE_NIC = "gona_resolve_nic";

/** Preference of our filters at tc ingress: after those that an administrator numbers by hand, before tc's own choice. */
export const FILTER_PREFERENCE = 0xa09a;

/** What from_spine's filters hand over: the frames' mark tells the rest. */
export const SPINE_SLOT = 0;

/** A slot as a filter hands it over: 0 is what a filter without a class id hands over. */
export const classidOf = (slot: number): number => slot + 1;
export const slotOf = (classid: number): number => classid - 1;

/** Names that mean one thing each. A spec uses them; ifindexes never leave `kernel` and `dataplane`. */
declare const kind: unique symbol;
type Id<Kind extends string> = string & { readonly [kind]: Kind };

/** A guest's name: 1 to 47 of `a-z A-Z 0-9 . _ -`, starting with a letter or digit. */
export type GuestId = Id<"guest">;
/** A NIC's name: the name of its link (at most 15 bytes, the kernel's IFNAMSIZ less one). */
export type NicId = Id<"nic">;
/** A driver domain's name. `host` is the hub itself. */
export type DomainId = Id<"domain">;
/** A fabric's name. */
export type FabricId = Id<"fabric">;
/** A vif: `web1` where the guest has one, `web1/eth0` where it has several. At most 63 bytes. */
export type VifId = Id<"vif">;

export const guestId = (name: string): GuestId => name as GuestId;
export const nicId = (name: string): NicId => name as NicId;
export const domainId = (name: string): DomainId => name as DomainId;
export const fabricId = (name: string): FabricId => name as FabricId;
export const vifId = (guest: GuestId, vif?: string): VifId => (vif === undefined ? guest : `${guest}/${vif}`) as VifId;
/** The guest that a vif belongs to. */
export const guestOf = (vif: VifId): GuestId => {
  const slash = vif.indexOf("/");
  return (slash < 0 ? vif : vif.slice(0, slash)) as GuestId;
};

/** The domain that every NIC is in unless its spec says otherwise: the hub. */
export const HOST_DOMAIN = domainId("host");
/** The fabric of a NIC whose spec names none. */
export const DEFAULT_FABRIC = fabricId("default");

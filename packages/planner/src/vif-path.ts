import type { GuestSpec, HostSpec, VifId } from "@gona/model";

/** Whether the guest's vif stands in the short form, as `vif:` and `aggregate:`: it then has the guest's name. */
export const isShortForm = (guest: GuestSpec, vif: number): boolean =>
  guest.vifs[vif]?.id === (guest.name as string as VifId);

/** Where a vif's aggregate stands in the spec, without `.aggregate`: `guests[0]` or `guests[0].vifs[1]`. */
export const vifPath = (guests: HostSpec["guests"], guest: number, vif: number): string => {
  const one = guests[guest];
  return one !== undefined && isShortForm(one, vif) ? `guests[${guest}]` : `guests[${guest}].vifs[${vif}]`;
};

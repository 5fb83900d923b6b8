/** How large the host of the bench is. */
export interface HostSize {
  readonly guests: number;
  readonly nics: number;
  /** False: guests may send from any MAC. */
  readonly checkMac?: boolean;
}

export const nicName = (index: number): string => `eth${index + 1}`;
export const vifName = (index: number): string => `vnet${index}`;

export function macOf(guest: number): string {
  const hex = guest.toString(16).padStart(4, "0");
  return `52:54:00:01:${hex.slice(0, 2)}:${hex.slice(2)}`;
}

/** The limit of one guest on each of its NICs, in Mbit/s, where it is not the common one. */
export type Changed = ReadonlyMap<number, number>;

const COMMON_LIMIT = 100;

/** A spec as people write it: `guests` guests with a slice on each of `nics` NICs of one fabric. */
export function bigSpec({ guests, nics, checkMac = true }: HostSize, changed: Changed = new Map()): string {
  const lines = ["apiVersion: gona/v1", "nics:"];
  for (let nic = 0; nic < nics; nic++) lines.push(`  - { name: ${nicName(nic)}, capacity: 10Gbit, fabric: rack }`);
  lines.push("guests:");
  for (let guest = 0; guest < guests; guest++) {
    const spoof = checkMac ? "" : ", antiSpoof: { mac: false }";
    const limit = changed.get(guest) ?? COMMON_LIMIT;
    lines.push(
      `  - name: guest${guest}`,
      `    vif: { device: ${vifName(guest)}, mac: "${macOf(guest)}", addresses: [10.16.${guest >> 8}.${guest & 255}]${spoof} }`,
      "    aggregate:",
      "      slices:",
    );
    for (let nic = 0; nic < nics; nic++) {
      lines.push(`        - { nic: ${nicName(nic)}, egress: { reserve: 2Mbit, limit: ${limit}Mbit } }`);
    }
    lines.push("      balance: hash");
  }
  return `${lines.join("\n")}\n`;
}

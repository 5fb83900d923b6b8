import {
  bitsPerSecond,
  bytes,
  DEFAULT_FABRIC,
  type GuestSpec,
  gigabitsPerSecond,
  guestId,
  HOST_DOMAIN,
  type HostSpec,
  megabitsPerSecond,
  milliseconds,
  nicId,
  shares,
  vifId,
} from "@gona/model";
import type { Inventory } from "../src/inventory.ts";

/** A guest with a slice on each of the NICs. */
export function bigGuest(index: number, nics: readonly string[], limitMegabits = 100): GuestSpec {
  const name = guestId(`guest${index}`);
  const hex = index.toString(16).padStart(4, "0");
  return {
    name,
    vifs: [
      {
        id: vifId(name),
        attachment: { kind: "device", device: `vnet${index}` },
        mac: `52:54:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
        addresses: [`10.1.${index >> 8}.${index & 255}`],
        vlan: 0,
        trunk: [],
        antiSpoof: { mac: true, ip: false },
        aggregate: {
          slices: nics.map((nic) => ({
            nic: nicId(nic),
            egress: { reserve: megabitsPerSecond(1), limit: megabitsPerSecond(limitMegabits), shares: shares(100) },
          })),
          balance: "hash",
          onNicLoss: "degrade",
          classes: [],
        },
      },
    ],
  };
}

/** `guests` guests with a slice on each of `nics` NICs of 10 Gbit/s in one fabric. */
export function bigHost(guests: number, nics = 4): HostSpec {
  const names = Array.from({ length: nics }, (_, index) => `eth${index + 1}`);
  return {
    domains: [{ name: HOST_DOMAIN, isolation: "host", drivers: [] }],
    fabrics: [{ name: DEFAULT_FABRIC, lag: false }],
    nics: names.map((name) => ({
      name: nicId(name),
      domain: HOST_DOMAIN,
      fabric: DEFAULT_FABRIC,
      capacity: bitsPerSecond(gigabitsPerSecond(10)),
      failback: milliseconds(1000),
      overhead: bytes(0),
    })),
    guests: Array.from({ length: guests }, (_, index) => bigGuest(index, names)),
  };
}

/** Every link of the spec is there and every NIC up. */
export function wholeInventory(spec: HostSpec): Inventory {
  const links = new Set<string>(spec.nics.map((nic) => nic.name));
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) if (vif.attachment.kind === "device") links.add(vif.attachment.device);
  }
  return { links, nicsUp: new Set(spec.nics.map((nic) => nic.name)) };
}

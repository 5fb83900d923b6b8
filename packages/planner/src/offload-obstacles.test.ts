import { bytes, type HostSpec, kilobitsPerSecond, megabitsPerSecond, type NicSpec, nicId } from "@gona/model";
import { expect, it } from "vitest";
import { bigHost, wholeInventory } from "../test/big-host.ts";
import { admit } from "./admit.ts";
import { desiredState } from "./desired-state.ts";
import { EMPTY_HUB } from "./hub-state.ts";

/** Guests with 1 % and 50 Mbit/s of a NIC of 1 Gbit/s, which is to offload. */
function host(guests: number, nic: Partial<NicSpec> = {}, egress: { reserve?: number; limit?: number } = {}): HostSpec {
  const spec = bigHost(guests, 1);
  const share = {
    reserve: kilobitsPerSecond(egress.reserve ?? 0),
    limit: kilobitsPerSecond(egress.limit ?? 50_000),
  };
  return {
    ...spec,
    nics: spec.nics.map((one) => ({ ...one, capacity: megabitsPerSecond(1000), offload: "on", ...nic })),
    guests: spec.guests.map((guest) => ({
      ...guest,
      vifs: guest.vifs.map((vif) => ({
        ...vif,
        aggregate: {
          ...vif.aggregate,
          slices: vif.aggregate.slices.map(({ ingress: _none, ...slice }) => ({
            ...slice,
            egress: { ...slice.egress, ...share },
          })),
        },
      })),
    })),
  };
}
const pathsOf = (spec: HostSpec): readonly string[] => admit(spec).map(({ path }) => path);
const LIMIT = "guests[0].aggregate.slices[0].egress.limit";
const RESERVE = "guests[0].aggregate.slices[0].egress.reserve";

it("a spec in the steps of the hardware has no obstacle", () => {
  expect(pathsOf(host(2, {}, { reserve: 20_000 }))).toEqual([]);
});

it.each<[string, HostSpec, string]>([
  ["an overhead", host(1, { overhead: bytes(24) }), "nics[0].overhead"],
  ["a limit that is no whole Mbit/s", host(1, {}, { limit: 3700 }), LIMIT],
  ["a reservation that is no whole percent", host(1, {}, { reserve: 15_000 }), RESERVE],
  ["a capacity that is no whole Mbit/s", host(0, { capacity: kilobitsPerSecond(999_500) }), "nics[0].capacity"],
  ["more than 255 slices beside the host's class", host(256), "nics[0]"],
])("%s is refused where offload is on, with its place", (_what, spec, path) => {
  expect(pathsOf(spec)).toEqual([path]);
});

it("255 slices fit", () => {
  expect(pathsOf(host(255))).toEqual([]);
});

it.each<[NonNullable<NicSpec["offload"]> | "off", boolean, number, true | undefined]>([
  ["off", true, 50_000, undefined],
  ["auto", true, 50_000, true],
  ["auto", false, 50_000, undefined],
  ["auto", true, 3700, undefined],
  // The kernel's refusal is then what the user gets to see.
  ["on", false, 50_000, true],
])("offload %s on a NIC that offers it: %s, limit %s kbit/s", (offload, offers, limit, expected) => {
  const { offload: _on, ...nic } = host(1).nics[0] as NicSpec;
  const spec = { ...host(1, {}, { limit }), nics: [offload === "off" ? nic : { ...nic, offload }] };
  const inventory = { ...wholeInventory(spec), nicsOffload: new Set(offers ? [nicId("eth1")] : []) };
  const { hub } = desiredState({ spec, inventory, observed: EMPTY_HUB });
  expect(hub.trees.get("eth1")?.offload).toBe(expected);
  for (const slice of hub.slices.values())
    expect([slice.offload, slice.pace === undefined]).toEqual([expected, expected === true]);
});

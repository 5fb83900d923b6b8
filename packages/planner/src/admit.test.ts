import { bitsPerSecond, type HostSpec, megabitsPerSecond, nicId, type SliceSpec, shares, vifId } from "@gona/model";
import { describe, expect, it } from "vitest";
import { bigHost } from "../test/big-host.ts";
import { firstOf } from "../test/first-of.ts";
import { admit } from "./admit.ts";

const slice = (nic: string, reserve: number, limit = 10_000): SliceSpec => ({
  nic: nicId(nic),
  egress: { reserve: megabitsPerSecond(reserve), limit: megabitsPerSecond(limit), shares: shares(100) },
});

/** Guests with these slices on two NICs of 10 Gbit/s. */
function hostWith(...guests: readonly (readonly SliceSpec[])[]): HostSpec {
  const host = bigHost(guests.length, 2);
  return {
    ...host,
    guests: host.guests.map((guest, index) => ({
      ...guest,
      vifs: guest.vifs.map((vif) => ({ ...vif, aggregate: { ...vif.aggregate, slices: guests[index] ?? [] } })),
    })),
  };
}

describe("admit", () => {
  it("takes reservations up to the capacity less the host's 1 %", () => {
    expect(admit(hostWith([slice("eth1", 5000)], [slice("eth1", 4900)]))).toEqual([]);
  });

  it("names the first slice that does not fit, with sums and what is left", () => {
    const findings = admit(
      hostWith([slice("eth1", 5000)], [slice("eth2", 1), slice("eth1", 4901)], [slice("eth1", 10)]),
    );
    expect(findings).toEqual([
      {
        code: "SPEC_DOES_NOT_FIT",
        path: "guests[1].aggregate.slices[1].egress.reserve",
        message:
          "the egress reservations on eth1 add up to 9.911 Gbit; 9.9 Gbit can be reserved " +
          "(capacity 10 Gbit less 100 Mbit for the host)",
        found: "4.901 Gbit",
        allowed: "at most 4.9 Gbit is left here for guest1",
        hint: "lower reservations on eth1 by 11 Mbit in all; the largest are guest0 5 Gbit, guest1 4.901 Gbit, guest2 10 Mbit",
      },
    ]);
  });

  it("counts each direction by itself", () => {
    const both = (egress: number, ingress: number): SliceSpec => ({
      ...slice("eth1", egress),
      ingress: { ...slice("eth1", ingress).egress },
    });
    expect(admit(hostWith([both(9000, 100)], [both(100, 9000)]))).toEqual([]);
    expect(admit(hostWith([both(9000, 5000)], [both(100, 5000)])).map((finding) => finding.path)).toEqual([
      "guests[1].aggregate.slices[0].ingress.reserve",
    ]);
  });

  it("leaves a part of the way in free, whatever the host reserves on the way out", () => {
    const slices = [{ ...slice("eth1", 1), ingress: slice("eth1", 9900).egress }];
    const host = hostWith(slices);
    const nics = host.nics.map((nic) => ({ ...nic, host: slice("eth1", 2000).egress }));
    expect(admit({ ...host, nics })).toMatchObject([
      {
        path: "guests[0].aggregate.slices[0].ingress.reserve",
        message: expect.stringContaining("(capacity 10 Gbit less 100.008 Mbit so that the queue is here"),
      },
    ]);
    expect(admit({ ...hostWith([slice("eth1", 8001)]), nics })).toMatchObject([
      { message: expect.stringContaining("(capacity 10 Gbit less 2 Gbit for the host)") },
    ]);
  });

  it("counts what HTB assures to a slice without reservation", () => {
    const full = slice("eth1", 9900);
    expect(admit(hostWith([full]))).toEqual([]);
    expect(admit(hostWith([full], [slice("eth1", 0)]))).toHaveLength(1);
  });

  it("refuses a limit above the capacity and a reservation above the limit", () => {
    expect(admit(hostWith([slice("eth1", 0, 10_001)])).map((finding) => [finding.path, finding.allowed])).toEqual([
      ["guests[0].aggregate.slices[0].egress.limit", "at most 10 Gbit"],
    ]);
    expect(admit(hostWith([slice("eth1", 200, 100)])).map((finding) => [finding.path, finding.allowed])).toEqual([
      ["guests[0].aggregate.slices[0].egress.reserve", "at most 100 Mbit"],
    ]);
  });

  it("gives the place of a guest's second vif as the list form has it", () => {
    const host = hostWith([slice("eth1", 1)]);
    const guests = host.guests.map((guest) => ({
      ...guest,
      vifs: ["a", "b"].map((name, index) => ({
        ...firstOf(guest.vifs),
        id: vifId(guest.name, name),
        addresses: [],
        aggregate: { ...firstOf(guest.vifs).aggregate, slices: [slice("eth1", index === 0 ? 1 : 9900)] },
      })),
    }));
    expect(admit({ ...host, guests })[0]?.path).toBe("guests[0].vifs[1].aggregate.slices[0].egress.reserve");
  });

  it("refuses one address for two vifs that may meet in a trunk VLAN", () => {
    const host = hostWith([slice("eth1", 1)], [slice("eth1", 1)]);
    const guests = host.guests.map((guest, index) => ({
      ...guest,
      vifs: [
        {
          ...firstOf(guest.vifs),
          ...(index === 0 ? { vlan: 20 } : { vlan: 30, trunk: [20] }),
          addresses: ["10.0.0.1"],
        },
      ],
    }));
    expect(admit({ ...host, guests }).map(({ code, path }) => [code, path])).toEqual([
      ["SPEC_DUPLICATE", "guests[1].vif.addresses[0]"],
    ]);
  });

  it("takes the rate floor of 4,095 idle guests on one NIC without rounding", () => {
    const host = hostWith(...Array.from({ length: 4095 }, () => [slice("eth1", 0)]));
    expect(admit(host)).toEqual([]);
    expect(bitsPerSecond(4095 * 8000)).toBeLessThan(megabitsPerSecond(33));
  });
});

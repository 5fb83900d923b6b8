import { parseSpec, unsupported } from "@gona/model";
import { describe, expect, it } from "vitest";
import { bigSpec } from "./big-spec.ts";

const parse = (text: string) => parseSpec(text, { file: "big.yaml" }).spec;

describe("bigSpec", () => {
  it("is a spec that this version executes, with as many guests and slices as asked for", () => {
    const spec = parse(bigSpec({ guests: 300, nics: 4 }));
    expect(unsupported(spec)).toEqual([]);
    expect(spec.guests).toHaveLength(300);
    expect(spec.guests[299]?.vifs[0]?.aggregate.slices.map(({ nic }) => nic)).toEqual(["eth1", "eth2", "eth3", "eth4"]);
  });

  it("changes one guest's limits and nothing else", () => {
    const size = { guests: 10, nics: 2 };
    const [before, after] = [parse(bigSpec(size)), parse(bigSpec(size, new Map([[7, 50]])))];
    const changed = after.guests.filter(
      (guest, index) => JSON.stringify(guest) !== JSON.stringify(before.guests[index]),
    );
    expect(changed.map((guest) => guest.name)).toEqual(["guest7"]);
  });

  it("switches the source check off where asked to", () => {
    const spec = parse(bigSpec({ guests: 1, nics: 1, checkMac: false }));
    expect(spec.guests[0]?.vifs[0]?.antiSpoof.mac).toBe(false);
  });
});

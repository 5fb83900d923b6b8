import {
  fabricId,
  type GuestSpec,
  megabitsPerSecond,
  milliseconds,
  nicId,
  type SliceShare,
  shares,
  type VifSpec,
  vifId,
} from "@gona/model";
import { describe, expect, it } from "vitest";
import { equalData } from "./equal-data.ts";
import { equalVifSpec } from "./equal-vif-spec.ts";

const share = (limit: number): SliceShare => ({
  reserve: megabitsPerSecond(1),
  limit: megabitsPerSecond(limit),
  shares: shares(100),
});

/** Every member that a vif may have, optional ones too; the compiler sees to it that none is missing. */
const full: Required<VifSpec> & { readonly aggregate: Required<VifSpec["aggregate"]> } = {
  id: vifId("web1" as GuestSpec["name"]),
  attachment: { kind: "create", netns: "web1", name: "eth0" },
  mac: "52:54:00:00:00:01",
  addresses: ["10.0.0.1", "fd00::1"],
  vlan: 20,
  trunk: [30],
  antiSpoof: { mac: true, ip: false },
  aggregate: {
    slices: [{ nic: nicId("eth1"), egress: share(10), ingress: share(20) }],
    want: {
      reserve: megabitsPerSecond(1),
      limit: megabitsPerSecond(2),
      shares: shares(100),
      fabric: fabricId("rack"),
      survive: 1,
    },
    limit: { egress: megabitsPerSecond(5), ingress: megabitsPerSecond(6), local: megabitsPerSecond(7) },
    latency: milliseconds(10),
    balance: "hash",
    onNicLoss: "degrade",
    classes: [
      {
        name: "voice",
        match: { dscp: [46], pcp: [5], protocol: 17, ports: [{ from: 1, to: 2 }] },
        priority: 0,
        reserve: { kind: "absolute", rate: megabitsPerSecond(1) },
        limit: { kind: "absolute", rate: megabitsPerSecond(2) },
        latency: milliseconds(5),
        remark: { dscp: 34, pcp: 6 },
      },
    ],
  },
};

type Path = readonly (string | number)[];

/** Every place of a value where something can be other. */
function placesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesOf(member, [...path, name]))];
}

function changeAt(value: unknown, [name, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[name] = changeAt(copy[name], rest, change);
  return copy;
}

const other = (old: unknown): unknown =>
  typeof old === "number" ? old + 8 : typeof old === "boolean" ? !old : typeof old === "string" ? `${old}x` : undefined;

describe("equalVifSpec", () => {
  it("finds a copy alike", () => {
    expect(equalVifSpec(full, structuredClone(full))).toBe(true);
  });

  it.each(placesOf(full).slice(1))("sees a change at %s %s %s %s %s", (...path) => {
    const plain = path.filter((part) => part !== undefined);
    const old = plain.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], full);
    // A whole part is taken away where that is possible, a plain value is made another.
    const optional = ["want", "limit", "latency", "ingress", "classes", "slices", "addresses", "trunk"].includes(
      String(plain.at(-1)),
    );
    if (typeof old === "object" && !optional) return;
    const changed = changeAt(full, plain, Array.isArray(old) ? () => [] : other) as VifSpec;
    expect(equalData(full, changed)).toBe(false);
    expect(equalVifSpec(full, changed)).toBe(false);
    expect(equalVifSpec(changed, full)).toBe(false);
  });
});

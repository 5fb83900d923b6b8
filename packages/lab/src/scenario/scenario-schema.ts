import { parseRate } from "@gona/model";
import { z } from "zod";
import { DOMAIN_CRASHES } from "./scenario.ts";

/** What a scenario file may say, before names are looked up and the spec is read. */

const DURATION = /^(\d{1,6}(?:\.\d{1,3})?) ?(us|ms|s|min)$/;
const MS_IN: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, min: 60e3 };

const duration = z.string().transform((text, context) => {
  const match = DURATION.exec(text);
  if (match === null) {
    context.addIssue({ code: "custom", message: "a duration with a unit is wanted, as in 500ms, 8s or 1min" });
    return z.NEVER;
  }
  return Number(match[1]) * (MS_IN[match[2] ?? ""] ?? 0);
});

const rate = z.string().transform((text, context) => {
  try {
    return parseRate(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});

const part = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?) ?%$/.exec(text);
  if (match === null || Number(match[1]) > 100) {
    context.addIssue({ code: "custom", message: "a percentage is wanted, as in 1%" });
    return z.NEVER;
  }
  return Number(match[1]) / 100;
});

/** Part of a namespace's name. */
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "1 to 31 of a-z, 0-9 and -, not first");
const prefixed = z.string().regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, "an address with prefix length, as in 10.0.0.100/24");
const slice = z.string().regex(/^[^@\s]+@[^@\s]+$/, "a slice is guest@nic, as in web@eth1");
const slices = z.union([slice, z.array(slice).min(1)]).transform((value) => (Array.isArray(value) ? value : [value]));
const count = z.int().min(0);

const between = { name, from: z.string(), to: z.string(), family: z.union([z.literal(4), z.literal(6)]).default(4) };
const traffic = z.discriminatedUnion("kind", [
  z.strictObject({
    ...between,
    kind: z.literal("tcp"),
    flows: z.int().min(1).max(128).default(8),
    // Linux's default, said aloud: BBR, which some machines have instead, stops sending every 10 s to look at its RTT.
    congestion: z.string().default("cubic"),
    limit: rate.exactOptional(),
  }),
  z.strictObject({
    ...between,
    kind: z.literal("udp"),
    rate,
    datagramBytes: z.int().min(16).max(65_507).default(1400),
    flows: z.int().min(1).max(128).default(4),
  }),
  z.strictObject({
    ...between,
    kind: z.literal("probe"),
    perSecond: z.int().min(1).max(20_000),
    // Beyond 1472 bytes it goes in fragments.
    datagramBytes: z.int().min(20).max(8000).default(64),
  }),
  z.strictObject({
    ...between,
    kind: z.literal("rtt"),
    perSecond: z.int().min(1).max(2000).default(100),
    datagramBytes: z.int().min(20).max(1472).default(64),
  }),
]);

/** `{ at: 3s, cut: eth1 }` -> `{ at: 3000, kind: "cut", target: "eth1" }`. */
const event = z.union([
  z
    .strictObject({ at: duration, cut: z.string() })
    .transform(({ at, cut }) => ({ at, kind: "cut" as const, target: cut })),
  z
    .strictObject({ at: duration, heal: z.string() })
    .transform(({ at, heal }) => ({ at, kind: "heal" as const, target: heal })),
  z
    .strictObject({ at: duration, unplug: z.string() })
    .transform(({ at, unplug }) => ({ at, kind: "unplug" as const, target: unplug })),
  z
    .strictObject({ at: duration, plug: z.string() })
    .transform(({ at, plug }) => ({ at, kind: "plug" as const, target: plug })),
  z
    .strictObject({ at: duration, silence: z.string() })
    .transform(({ at, silence }) => ({ at, kind: "silence" as const, target: silence })),
  z
    .strictObject({ at: duration, mend: z.string() })
    .transform(({ at, mend }) => ({ at, kind: "mend" as const, target: mend })),
  z
    .strictObject({ at: duration, drain: z.string() })
    .transform(({ at, drain }) => ({ at, kind: "drain" as const, target: drain })),
  z
    .strictObject({ at: duration, undrain: z.string() })
    .transform(({ at, undrain }) => ({ at, kind: "undrain" as const, target: undrain })),
  z
    .strictObject({ at: duration, crash: z.string(), by: z.enum([...DOMAIN_CRASHES.netns, ...DOMAIN_CRASHES.vm]) })
    .transform(({ at, crash, by }) => ({ at, kind: "crash" as const, target: crash, by })),
  z
    .strictObject({ at: duration, kill: z.literal("daemon") })
    .transform(({ at, kill }) => ({ at, kind: "kill" as const, target: kill })),
  z
    .strictObject({ at: duration, start: z.literal("daemon") })
    .transform(({ at, start }) => ({ at, kind: "start" as const, target: start })),
  z
    .strictObject({ at: duration, apply: z.string() })
    .transform(({ at, apply }) => ({ at, kind: "apply" as const, target: apply })),
]);

const within = { within: part.default(0.01) };
const expectation = z.union([
  z.strictObject({ limit: slices, ...within }),
  z.strictObject({ reserve: slices, ...within }),
  z.strictObject({ rate, slice, ...within }),
  z.strictObject({ total: z.string(), direction: z.enum(["egress", "ingress"]), rate, ...within }),
  z.strictObject({ spread: z.string(), direction: z.enum(["egress", "ingress"]).default("egress"), within: part }),
  z.strictObject({ tables: z.string(), by: z.array(z.string()).min(1).exactOptional() }),
  z.strictObject({ lacp: z.string(), state: z.string().exactOptional(), problem: z.string().exactOptional() }),
  z.strictObject({ roundTrip: z.string(), p99: duration }),
  z.strictObject({
    probe: z.string(),
    gap: duration.exactOptional(),
    lost: count.exactOptional(),
    reordered: count.exactOptional(),
    duplicated: count.exactOptional(),
  }),
  z.strictObject({ domain: z.string(), restarts: count.exactOptional() }),
  z.strictObject({ stableMacs: z.literal(true) }),
  z.strictObject({ converged: z.literal(true) }),
]);

const phase = z.strictObject({
  title: z.string(),
  say: z.string().default(""),
  lasts: duration,
  settle: duration.default(2000),
  traffic: z.array(z.string()).default([]),
  events: z.array(event).default([]),
  expect: z.array(expectation).default([]),
});

export const ScenarioSchema = z.strictObject({
  apiVersion: z.literal("gona-lab/v1"),
  title: z.string(),
  about: z.string().default(""),
  spec: z.record(z.string(), z.unknown()),
  specs: z.record(name, z.record(z.string(), z.unknown())).default({}),
  peers: z
    .array(
      z.strictObject({
        name,
        fabric: z.string().default("default"),
        addresses: z.array(prefixed).min(1),
        vlan: z.int().min(0).max(4094).default(0),
      }),
    )
    .default([]),
  fabrics: z
    .array(
      z.strictObject({
        name: z.string(),
        switch: z.enum(["bridge", "ovs"]),
        lacp: z.enum(["fast", "slow", "off"]).default("off"),
      }),
    )
    .default([]),
  addresses: z.record(z.string(), z.array(prefixed).min(1)).default({}),
  traffic: z.array(traffic).default([]),
  phases: z.array(phase).default([]),
});
export type RawScenario = z.infer<typeof ScenarioSchema>;
export type RawEvent = z.infer<typeof event>;
export type RawExpectation = z.infer<typeof expectation>;

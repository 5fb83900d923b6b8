import { z } from "zod";
import { readDuration } from "../scalar/duration.ts";
import { readAddress } from "../scalar/ip-address.ts";
import { readMac } from "../scalar/mac-address.ts";
import { MEMORY_PATTERN, readMemory } from "../scalar/memory-size.ts";
import { readLinkName, readName, readNetnsName } from "../scalar/name.ts";
import { PCI_ADDRESS_PATTERN, readPciAddress } from "../scalar/pci-address.ts";
import { readRate } from "../scalar/rate.ts";
import { readRateOrPart } from "../scalar/share-of-rate.ts";
import { DSCP_NAMES, PROTOCOL_NAMES, readDscp, readPorts, readProtocol } from "../scalar/traffic-words.ts";
import { readWhole } from "../scalar/whole-number.ts";
import { readBoolean, readWord } from "../scalar/word.ts";
import { type Shares, shares } from "../units.ts";
import { scalar } from "./scalar-schema.ts";

/** GONA_MAX_NICS, GONA_MAX_VIFS and GONA_MAX_SLICES of bpf/gona_maps.h. */
export const MAX_NICS = 64;
export const MAX_VIFS = 4096;
export const MAX_SLICES = 8;
/** Highest number of classes in an aggregate: of the seven minors beside a slice's own, two are for what no class takes. */
export const MAX_CLASSES = 5;
/** Of `latency`: below, one timer's lateness is more than the goal; above, no queue of ours is as long. */
export const LATENCY_MS = { low: 0.5, high: 10_000 };
/** Of `probe`: below, timers are too late; above, nobody would wait for it. */
const PROBE_MS = { low: 10, high: 10_000 };
const MAX_DOMAINS = 64;
/** Of a driver domain's virtual machine, MiB: below, its kernel does not boot. */
const MACHINE_MEMORY = { low: 112, high: 4096 };
/** Highest number of a virtual function: NICs have 7 to 256 of them. */
const MAX_VF = 1023;
/** What a slice's frames take between guest and NIC. */
export const SLICE_PATHS = ["hub", "sriov", "macvtap"] as const;
const MAX_ADDRESSES = 256;

const RATE_PATTERN = "^\\d+(\\.\\d+)? ?(bit|kbit|Mbit|Gbit|Tbit)$";
const RATE_OR_PART_PATTERN = "^\\d+(\\.\\d+)? ?(bit|kbit|Mbit|Gbit|Tbit|%)$";

const rate = (description: string) => scalar(readRate, { type: "string", pattern: RATE_PATTERN, description });
const rateOrPart = (of: string, description: string) =>
  scalar((value) => readRateOrPart(value, of), { type: "string", pattern: RATE_OR_PART_PATTERN, description });
const duration = (lowMs: number, highMs: number, description: string) =>
  scalar((value) => readDuration(value, lowMs, highMs), {
    type: "string",
    pattern: "^\\d+(\\.\\d+)? ?(us|ms|s|min)$",
    description,
  });
const latency = (description: string) => duration(LATENCY_MS.low, LATENCY_MS.high, description);
const whole = (low: number, high: number, description: string) =>
  scalar((value) => readWhole(value, low, high), { type: "integer", minimum: low, maximum: high, description });
const name = (longest: number, description: string) =>
  scalar((value) => readName(value, longest), {
    type: "string",
    pattern: `^[a-zA-Z0-9][a-zA-Z0-9._-]{0,${longest - 1}}$`,
    description,
  });
const linkName = (what: string, description: string) =>
  scalar((value) => readLinkName(value, what), { type: "string", minLength: 1, maxLength: 15, description });
const word = <const W extends string>(words: readonly W[], description: string) =>
  scalar((value) => readWord(value, words), { type: "string", enum: words, description });
const boolean = (description: string) => scalar(readBoolean, { type: "boolean", description });

const Domain = z
  .strictObject({
    name: name(31, "The domain's name. `host`, the hub itself, always exists."),
    isolation: word(["host", "netns", "vm", "xen"], "How the NICs are kept apart from the others."),
    drivers: z
      .array(scalar((value) => readName(value, 63), { type: "string", description: "A kernel driver, as in ixgbe." }))
      .max(64)
      .optional()
      .describe("NICs with these kernel drivers move in."),
    pci: z
      .array(
        scalar(readPciAddress, {
          type: "string",
          pattern: PCI_ADDRESS_PATTERN,
          description: "The PCI address of a NIC, as in 0000:03:00.0.",
        }),
      )
      .max(64)
      .optional()
      .describe("NICs at these PCI addresses move in. Counts more than a driver."),
    cpus: z
      .array(whole(0, 1023, "The number of a CPU."))
      .min(1)
      .max(1024)
      .optional()
      .describe("CPUs that the domain's process may run on: its agent, or its virtual machine. Default any."),
    device: word(
      ["e1000", "rtl8139", "vmxnet3", "virtio", "vfio"],
      "With isolation vm: the card that its machine has for each NIC, emulated over the NIC's link, or the NIC itself (vfio). Default virtio.",
    ).optional(),
    memory: scalar((value) => readMemory(value, MACHINE_MEMORY.low, MACHINE_MEMORY.high), {
      type: "string",
      pattern: MEMORY_PATTERN,
      description: "With isolation vm: of its machine. Default 128MiB.",
    }).optional(),
    spare: boolean("With isolation vm: a second machine stands by and takes over at once. Default false.").optional(),
  })
  .describe("A driver domain: where NICs live, apart from the others.");

const Fabric = z
  .strictObject({
    name: name(31, "The fabric's name."),
    lag: boolean("The switch bundles the NICs (LACP or static). Default false.").optional(),
    lacp: word(
      ["fast", "slow", "off"],
      "How the bundle is negotiated: LACP with PDUs each second or each 30 s, or not at all (a static bundle). With lag: true only. Default fast.",
    ).optional(),
    probe: z
      .union([
        word(["off"], "Paths are not watched."),
        z.strictObject({
          interval: duration(PROBE_MS.low, PROBE_MS.high, "Between two probes of a NIC. Default 500ms.").optional(),
          lost: whole(1, 10, "Probes in a row whose loss makes a path dead. Default 3.").optional(),
        }),
      ])
      .optional()
      .describe("Small frames between the NICs find a path that is dead behind a living carrier. Not with lag: true."),
  })
  .describe("The layer-2 segment that NICs are plugged into. Without this list, the NICs' words define the fabrics.");

const sharesOf = (description: string) =>
  scalar(
    (value) => {
      const read = readWhole(value, 1, 10_000);
      return read.ok ? { ok: true, value: shares(read.value) as Shares } : read;
    },
    { type: "integer", minimum: 1, maximum: 10_000, description },
  );

const Share = z.strictObject({
  reserve: rateOrPart("the NIC", "Guaranteed. Default 0bit.").optional(),
  limit: rateOrPart("the NIC", "Never above. Default: the NIC's capacity.").optional(),
  shares: sharesOf("Weight in what is spare. Default 100.").optional(),
});

const Nic = z
  .strictObject({
    name: linkName("the name of a NIC", "The name of the NIC's link. It need not exist yet."),
    domain: name(31, "The driver domain it lives in. Default host.").optional(),
    capacity: rate("What the NIC may carry each way, L2 bytes."),
    fabric: name(31, "The segment it is plugged into. Default `default`.").optional(),
    failback: duration(
      0,
      3_600_000,
      "How long a returned carrier must last before slices come back. Default 2s.",
    ).optional(),
    overhead: whole(
      0,
      64,
      "Bytes that a frame costs on the wire beyond its L2 bytes, as 24 on Ethernet. Default 0.",
    ).optional(),
    offload: z
      .enum(["off", "auto", "on"])
      .optional()
      .describe("HTB in the NIC's hardware: `auto` where NIC and spec allow it, `on` or else an error. Default off."),
    shaper: z
      .enum(["htb", "edt"])
      .optional()
      .describe(
        "What keeps slices' egress limits: `htb`, or `edt`, departure times kept by fq: limits alone. Default htb.",
      ),
    host: Share.optional().describe("What the host's own and management traffic has. Default: 1 % reserved."),
  })
  .describe("A physical network card.");

const VifFields = {
  device: linkName(
    "the name of a device",
    "An existing (or coming) link of the hub: a tap, a veth end. With path: macvtap the one that GONA makes.",
  ).optional(),
  create: z
    .strictObject({
      netns: scalar(readNetnsName, {
        type: "string",
        minLength: 1,
        maxLength: 63,
        description: "The guest's network namespace.",
      }),
      name: linkName("the name of a link", "The link's name inside the namespace."),
    })
    .optional()
    .describe("A veth pair that GONA makes, instead of `device`."),
  mac: scalar(readMac, {
    type: "string",
    pattern: "^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$",
    description: "The guest's own MAC; unicast.",
  }),
  addresses: z
    .array(scalar(readAddress, { type: "string", description: "IPv4 or IPv6, without prefix length." }))
    .max(MAX_ADDRESSES)
    .optional()
    .describe("The guest's addresses, for directed ARP and ND and for antiSpoof.ip."),
  vlan: whole(1, 4094, "Access VLAN: tagged on the wire, untagged at the guest. Default none.").optional(),
  trunk: z
    .array(whole(1, 4094, "A VLAN id."))
    .max(4094)
    .optional()
    .describe("VLANs that the guest may tag by itself."),
  antiSpoof: z
    .strictObject({
      mac: boolean("Drop frames whose source MAC is not the vif's. Default true.").optional(),
      ip: boolean("Drop packets whose source is not one of `addresses`. Default false.").optional(),
    })
    .optional()
    .describe("What is dropped when a guest pretends to be another."),
};

const Slice = z
  .strictObject({
    nic: linkName("the name of a NIC", "A NIC of `nics`."),
    egress: Share.optional().describe("What the guest sends through this NIC."),
    ingress: Share.optional().describe("What arrives for the guest through this NIC. Default: not shaped."),
    path: word(
      SLICE_PATHS,
      "Past GONA's packet path: a virtual function of the NIC (sriov) or a macvtap on it, as the guest's only slice. Default hub.",
    ).optional(),
    vf: whole(0, MAX_VF, "Number of the virtual function, with path: sriov.").optional(),
    mode: word(
      ["bridge", "private"],
      "Whether the macvtaps of this NIC reach each other, with path: macvtap. Default bridge.",
    ).optional(),
  })
  .describe("The share of one NIC that one guest owns.");

const dscp = (description: string) =>
  scalar(readDscp, {
    anyOf: [{ enum: Object.keys(DSCP_NAMES) }, { type: "integer", minimum: 0, maximum: 63 }],
    description,
  });

const Match = z
  .strictObject({
    dscp: z.array(dscp("A DSCP by name or number.")).min(1).max(64).optional(),
    pcp: z
      .array(whole(0, 7, "A VLAN priority."))
      .min(1)
      .max(8)
      .optional(),
    protocol: scalar(readProtocol, {
      anyOf: [{ enum: Object.keys(PROTOCOL_NAMES) }, { type: "integer", minimum: 0, maximum: 255 }],
      description: "An IP protocol by name or number.",
    }).optional(),
    ports: z
      .array(
        scalar(readPorts, {
          anyOf: [
            { type: "integer", minimum: 1, maximum: 65535 },
            { type: "string", pattern: "^\\d{1,5}([-:]\\d{1,5})?$" },
          ],
          description: "A source or destination port, or a range of them.",
        }),
      )
      .min(1)
      .max(16)
      .optional(),
  })
  .describe("All that are given must hold; one of each list is enough.");

const TrafficClass = z
  .strictObject({
    name: name(31, "The class's name."),
    match: Match,
    priority: whole(0, 7, "0 first, 7 last. Default 4.").optional(),
    reserve: rateOrPart("the slice", "Guaranteed to the class.").optional(),
    limit: rateOrPart("the slice", "Never above.").optional(),
    latency: latency("What the class's packets may wait in our queues. Default: the aggregate's.").optional(),
    remark: z
      .strictObject({
        dscp: dscp("The DSCP to leave with.").optional(),
        pcp: whole(0, 7, "The VLAN priority to leave with.").optional(),
      })
      .optional()
      .describe("What the class's packets are marked with on their way out. Default: left as they are."),
  })
  .describe("A kind of traffic inside an aggregate. The first class that matches is taken.");

const Aggregate = z
  .strictObject({
    slices: z.array(Slice).min(1).max(MAX_SLICES).optional(),
    want: z
      .strictObject({
        reserve: rate("Guaranteed over all NICs together."),
        limit: rate("Never above, over all NICs together.").optional(),
        shares: sharesOf("Weight in what is spare. Default 100.").optional(),
        fabric: name(31, "Where the slices may be. Default: the fabric of the NICs, if there is just one.").optional(),
        survive: whole(0, MAX_SLICES - 1, "NICs that may be lost with `reserve` still kept. Default 0.").optional(),
      })
      .optional()
      .describe("Let the planner choose the slices, instead of `slices`."),
    limit: z
      .strictObject({
        egress: rate("Never above.").optional(),
        ingress: rate("Never above.").optional(),
        local: rate("Never above, of what it sends to other guests of the host.").optional(),
      })
      .optional()
      .describe("A cap over all NICs together."),
    latency: latency("What its packets may wait in our queues. Default: no goal.").optional(),
    balance: word(
      ["hash", "active-backup", "flowlet", "stripe"],
      "How flows are spread over the slices. Default hash.",
    ).optional(),
    onNicLoss: word(
      ["degrade", "keep-reserve", "stop"],
      "When a NIC is lost: go on with what is left, move its reservation to the others, or stop. Default degrade.",
    ).optional(),
    classes: z.array(TrafficClass).max(MAX_CLASSES).optional(),
  })
  .meta({ oneOf: [{ required: ["slices"] }, { required: ["want"] }] })
  .describe("All that a guest's vif owns.");

/** Neither: a virtual function. That it stands beside `path: sriov` is checked with the rest of what belongs together. */
const ATTACHMENT = [
  { required: ["device"] },
  { required: ["create"] },
  { not: { anyOf: [{ required: ["device"] }, { required: ["create"] }] } },
];

const Vif = z.strictObject(VifFields).meta({ oneOf: ATTACHMENT }).describe("The guest's network link.");
const NamedVif = z
  .strictObject({ name: name(15, "The vif's name within its guest."), ...VifFields, aggregate: Aggregate })
  .meta({ oneOf: ATTACHMENT })
  .describe("One of several vifs, with its own aggregate.");

/** One entry of `guests`. */
export const GuestSchema = z
  .strictObject({
    name: name(47, "The guest's name."),
    vif: Vif.optional(),
    aggregate: Aggregate.optional(),
    vifs: z.array(NamedVif).min(1).max(64).optional().describe("The list form, instead of `vif` and `aggregate`."),
  })
  .meta({ oneOf: [{ required: ["vif", "aggregate"] }, { required: ["vifs"] }] })
  .describe("A VM or container.");

/** The spec language of `apiVersion: gona/v1`, whole, also what this version does not execute yet. */
export const SpecSchema = z
  .strictObject({
    apiVersion: word(["gona/v1"], "The version of this language."),
    domains: z.array(Domain).max(MAX_DOMAINS).optional(),
    fabrics: z.array(Fabric).max(MAX_NICS).optional(),
    nics: z.array(Nic).max(MAX_NICS).optional(),
    guests: z.array(GuestSchema).max(MAX_VIFS).optional(),
  })
  .meta({ title: "GONA host spec" })
  .describe("What one host's guests are promised.");

/** A spec that the schema took; names are not yet looked up, defaults not yet filled in. */
export type SpecInput = z.output<typeof SpecSchema>;
export type GuestInput = z.output<typeof GuestSchema>;
export type VifInput = z.output<typeof Vif>;
export type AggregateInput = z.output<typeof Aggregate>;
export type WantInput = NonNullable<AggregateInput["want"]>;
export type SliceInput = z.output<typeof Slice>;
export type ShareInput = z.output<typeof Share>;
export type TrafficClassInput = z.output<typeof TrafficClass>;

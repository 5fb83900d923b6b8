import { defaultHostReserve } from "../default-host-reserve.ts";
import type {
  AggregateSpec,
  BypassSpec,
  ClassRate,
  FabricSpec,
  GuestSpec,
  HostSpec,
  MachineSpec,
  NicSpec,
  ProbeSpec,
  SliceShare,
  TrafficClassSpec,
  VifAttachment,
  VifSpec,
  Want,
} from "../host-spec.ts";
import { DEFAULT_FABRIC, domainId, type FabricId, fabricId, guestId, HOST_DOMAIN, nicId, vifId } from "../ids.ts";
import { type RateOrPart, resolveRate } from "../scalar/share-of-rate.ts";
import { type BitsPerSecond, bitsPerSecond, bytes, milliseconds, minRate, shares } from "../units.ts";
import type {
  AggregateInput,
  GuestInput,
  ShareInput,
  SliceInput,
  SpecInput,
  TrafficClassInput,
  VifInput,
  WantInput,
} from "./spec-schema.ts";

type FabricInput = NonNullable<SpecInput["fabrics"]>[number];
type DomainInput = NonNullable<SpecInput["domains"]>[number];
type ProbeInput = Exclude<FabricInput["probe"], "off" | undefined>;

const DEFAULT_FAILBACK = milliseconds(2000);
const DEFAULT_PROBE: ProbeSpec = { interval: milliseconds(500), lost: 3 };
const DEFAULT_MACHINE_MEMORY = bytes(128 * 2 ** 20);
const DEFAULT_SHARES = shares(100);
const DEFAULT_PRIORITY = 4;

/** Copies a value that may be absent; an absent optional field is left out, not undefined. */
const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]: V });

function resolveShare(
  input: ShareInput | undefined,
  capacity: BitsPerSecond,
  defaultReserve = bitsPerSecond(0),
): SliceShare {
  const limit = input?.limit === undefined ? capacity : resolveRate(input.limit, capacity);
  const reserve = input?.reserve === undefined ? defaultReserve : resolveRate(input.reserve, capacity);
  return { reserve: minRate(reserve, limit), limit, shares: input?.shares ?? DEFAULT_SHARES };
}

const resolveClassRate = (rate: RateOrPart): ClassRate =>
  rate.kind === "absolute" ? rate : { kind: "ofSlice", ratio: rate.ratio };

function resolveClass(input: TrafficClassInput): TrafficClassSpec {
  return {
    name: input.name,
    match: {
      ...optional("dscp", input.match.dscp),
      ...optional("pcp", input.match.pcp),
      ...optional("protocol", input.match.protocol),
      ...optional("ports", input.match.ports),
    },
    priority: input.priority ?? DEFAULT_PRIORITY,
    ...optional("reserve", input.reserve && resolveClassRate(input.reserve)),
    ...optional("limit", input.limit && resolveClassRate(input.limit)),
    ...optional("latency", input.latency),
    ...optional(
      "remark",
      input.remark && { ...optional("dscp", input.remark.dscp), ...optional("pcp", input.remark.pcp) },
    ),
  };
}

function resolveWant(want: WantInput, nics: ReadonlyMap<string, NicSpec>): Want {
  return {
    reserve: want.reserve,
    ...optional("limit", want.limit),
    shares: want.shares ?? DEFAULT_SHARES,
    // Checked: where it is not given, there is one fabric.
    fabric: want.fabric === undefined ? ([...nics.values()][0]?.fabric ?? DEFAULT_FABRIC) : fabricId(want.fabric),
    survive: want.survive ?? 0,
  };
}

/** Undefined: the hub's. */
function resolvePath({ path, vf, mode }: SliceInput): BypassSpec | undefined {
  if (path === "sriov") return { kind: path, vf: vf ?? 0 }; // checked: it is there
  return path === "macvtap" ? { kind: path, mode: mode ?? "bridge" } : undefined;
}

function resolveAttachment({ create, device }: VifInput): VifAttachment {
  if (create !== undefined) return { kind: "create", netns: create.netns, name: create.name };
  return device === undefined ? { kind: "vf" } : { kind: "device", device }; // checked: which path it has
}

function resolveAggregate(input: AggregateInput, nics: ReadonlyMap<string, NicSpec>): AggregateSpec {
  const { want, limit } = input;
  return {
    slices: (input.slices ?? []).map((slice) => {
      const capacity = nics.get(slice.nic)?.capacity ?? bitsPerSecond(0); // checked: it is there
      return {
        nic: nicId(slice.nic),
        egress: resolveShare(slice.egress, capacity),
        ...optional("ingress", slice.ingress && resolveShare(slice.ingress, capacity)),
        ...optional("path", resolvePath(slice)),
      };
    }),
    ...optional("want", want && resolveWant(want, nics)),
    ...optional(
      "limit",
      limit && {
        ...optional("egress", limit.egress),
        ...optional("ingress", limit.ingress),
        ...optional("local", limit.local),
      },
    ),
    ...optional("latency", input.latency),
    balance: input.balance ?? "hash",
    onNicLoss: input.onNicLoss ?? "degrade",
    classes: (input.classes ?? []).map(resolveClass),
  };
}

function resolveVif(id: VifSpec["id"], input: VifInput, aggregate: AggregateSpec): VifSpec {
  return {
    id,
    attachment: resolveAttachment(input),
    mac: input.mac,
    addresses: input.addresses ?? [],
    vlan: input.vlan ?? 0,
    trunk: input.trunk ?? [],
    antiSpoof: { mac: input.antiSpoof?.mac ?? true, ip: input.antiSpoof?.ip ?? false },
    aggregate,
  };
}

/** Fills in what a checked guest leaves out. */
export function resolveGuest(input: GuestInput, nics: ReadonlyMap<string, NicSpec>): GuestSpec {
  const name = guestId(input.name);
  const vifs = (input.vifs ?? []).map((vif) =>
    resolveVif(vifId(name, vif.name), vif, resolveAggregate(vif.aggregate, nics)),
  );
  if (input.vif !== undefined && input.aggregate !== undefined) {
    vifs.push(resolveVif(vifId(name), input.vif, resolveAggregate(input.aggregate, nics)));
  }
  return { name, vifs };
}

const resolveProbe = (input: ProbeInput = {}): ProbeSpec => ({
  interval: input.interval ?? DEFAULT_PROBE.interval,
  lost: input.lost ?? DEFAULT_PROBE.lost,
});

const resolveMachine = ({ device, memory, spare }: DomainInput): MachineSpec => ({
  device: device ?? "virtio",
  memory: memory ?? DEFAULT_MACHINE_MEMORY,
  spare: spare ?? false,
});

/** Fills in what a checked spec leaves out, and resolves percentages against the NICs. */
export function resolveSpec(input: SpecInput): HostSpec {
  const chosen = (input.domains ?? []).some(({ drivers, pci }) => drivers !== undefined || pci !== undefined);
  const nics = (input.nics ?? []).map(
    (nic): NicSpec => ({
      name: nicId(nic.name),
      domain: nic.domain === undefined ? HOST_DOMAIN : domainId(nic.domain),
      ...optional("byHardware", nic.domain === undefined && chosen ? true : undefined),
      fabric: nic.fabric === undefined ? DEFAULT_FABRIC : fabricId(nic.fabric),
      capacity: nic.capacity,
      failback: nic.failback ?? DEFAULT_FAILBACK,
      overhead: bytes(nic.overhead ?? 0),
      ...optional("offload", nic.offload === "off" ? undefined : nic.offload),
      ...optional("shaper", nic.shaper === "edt" ? nic.shaper : undefined),
      ...optional("host", nic.host && resolveShare(nic.host, nic.capacity, defaultHostReserve(nic.capacity))),
    }),
  );
  const fabrics = new Map<FabricId, FabricSpec>();
  for (const fabric of input.fabrics ?? []) {
    const lag = fabric.lag ?? false;
    const lacp = lag ? (fabric.lacp ?? "fast") : "off";
    const name = fabricId(fabric.name);
    const probe = lag || fabric.probe === "off" ? undefined : resolveProbe(fabric.probe);
    fabrics.set(name, {
      name,
      lag,
      ...optional("lacp", lacp === "off" ? undefined : lacp),
      ...optional("probe", probe),
    });
  }
  for (const { fabric } of nics)
    if (!fabrics.has(fabric)) fabrics.set(fabric, { name: fabric, lag: false, probe: DEFAULT_PROBE });
  const byName = new Map<string, NicSpec>(nics.map((nic) => [nic.name, nic]));
  return {
    domains: (input.domains ?? []).map((domain) => ({
      name: domainId(domain.name),
      isolation: domain.isolation,
      drivers: domain.drivers ?? [],
      ...optional("pci", domain.pci),
      ...optional(
        "cpus",
        domain.cpus?.toSorted((a, b) => a - b),
      ),
      ...optional("machine", domain.isolation === "vm" ? resolveMachine(domain) : undefined),
    })),
    fabrics: [...fabrics.values()],
    nics,
    guests: (input.guests ?? []).map((guest) => resolveGuest(guest, byName)),
  };
}

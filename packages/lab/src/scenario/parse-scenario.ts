import {
  type DomainId,
  domainId,
  type FabricId,
  fabricId,
  GonaError,
  type GuestSpec,
  guestId,
  type HostSpec,
  milliseconds,
  nearestWord,
  nicId,
  parseSpec,
  ratio,
} from "@gona/model";
import {
  DOMAIN_CRASHES,
  type DomainCrash,
  type Expectation,
  type FabricSwitch,
  type LabEvent,
  type LabSpec,
  type Peer,
  type Phase,
  type Scenario,
  type SliceName,
  type Traffic,
} from "./scenario.ts";
import { type RawEvent, type RawExpectation, type RawScenario, ScenarioSchema } from "./scenario-schema.ts";
import { ScenarioSource, throwAll } from "./scenario-source.ts";

type YamlPath = readonly (string | number)[];

/**
 * Reads a scenario. Throws GonaError or SpecErrors with file, line and column; errors of the GONA
 * spec inside it point into the same file.
 */
export function parseScenario(text: string, file: string, name: string): Scenario {
  const source = new ScenarioSource(text, file);
  const parsed = ScenarioSchema.safeParse(source.value);
  if (!parsed.success) {
    throwAll(
      parsed.error.issues.map((issue) => {
        const path = issue.path.filter((part) => typeof part !== "symbol");
        return source.error("SPEC_INVALID", path, `${path.join(".") || "scenario"}: ${issue.message}`);
      }),
    );
    throw new GonaError("BUG", "a scenario was refused without a reason");
  }
  const raw = parsed.data;
  const spec = readSpec(source, ["spec"]);
  const resolver = new Resolver(source, raw, spec.host);
  const scenario: Scenario = {
    name,
    file,
    title: raw.title,
    about: raw.about.trim(),
    spec,
    specs: new Map(Object.keys(raw.specs).map((key) => [key, readSpec(source, ["specs", key])])),
    peers: raw.peers.map((peer, index) => resolver.peer(peer, index)),
    switches: new Map(raw.fabrics.flatMap((fabric, index) => resolver.switch(fabric, index))),
    addresses: new Map(
      Object.entries(raw.addresses).map(([guest, list]) => [resolver.guest(guest, ["addresses", guest]), list]),
    ),
    traffic: new Map(raw.traffic.map((item, index) => [item.name, resolver.traffic(item, index)])),
    phases: raw.phases.map((phase, index) => resolver.phase(phase, index)),
  };
  throwAll(resolver.errors);
  return scenario;
}

function readSpec(source: ScenarioSource, path: YamlPath): LabSpec {
  const { inPlace, alone } = source.part(path);
  return { host: parseSpec(inPlace, { file: source.file }).spec, text: alone };
}

/** Events that a bridge's ports alone can be made to have. */
const BRIDGE_ONLY: ReadonlySet<string> = new Set(["unplug", "plug", "silence", "mend"]);

/** Looks names up and collects what is wrong. */
class Resolver {
  readonly errors: GonaError[] = [];
  readonly #source: ScenarioSource;
  readonly #raw: RawScenario;
  readonly #guests: ReadonlyMap<string, GuestSpec>;
  readonly #nics: readonly string[];
  readonly #fabrics: readonly string[];
  /** NICs behind an Open vSwitch. */
  readonly #ofOvs: ReadonlySet<string>;
  /** Isolation by name. */
  readonly #domains: ReadonlyMap<string, string>;

  constructor(source: ScenarioSource, raw: RawScenario, host: HostSpec) {
    this.#source = source;
    this.#raw = raw;
    this.#guests = new Map(host.guests.map((guest) => [guest.name, guest]));
    this.#nics = host.nics.map((nic) => nic.name);
    this.#domains = new Map(host.domains.map(({ name, isolation }) => [name, isolation]));
    this.#fabrics = [...new Set(host.nics.map((nic) => nic.fabric))];
    const ovs = new Set(raw.fabrics.filter((fabric) => fabric.switch === "ovs").map((fabric) => fabric.name));
    this.#ofOvs = new Set(host.nics.filter((nic) => ovs.has(nic.fabric)).map((nic) => nic.name));
    const stations = [...this.#guests.keys(), ...raw.peers.map((peer) => peer.name)];
    this.#unique(stations, "guest or peer", ["peers"]);
    this.#unique(
      raw.traffic.map((item) => item.name),
      "traffic",
      ["traffic"],
    );
  }

  guest(name: string, path: YamlPath) {
    this.#known(name, [...this.#guests.keys()], "guest", path);
    return guestId(name);
  }

  peer(peer: RawScenario["peers"][number], index: number): Peer {
    this.#known(peer.fabric, this.#fabrics, "fabric", ["peers", index, "fabric"]);
    return { ...peer, fabric: fabricId(peer.fabric) };
  }

  switch({ name, switch: kind, lacp }: RawScenario["fabrics"][number], index: number): [FabricId, FabricSwitch][] {
    this.#known(name, this.#fabrics, "fabric", ["fabrics", index, "name"]);
    if (kind === "ovs") return [[fabricId(name), { kind, lacp }]];
    if (lacp !== "off")
      this.#wrong("SPEC_INVALID", ["fabrics", index, "lacp"], "LACP is spoken by `switch: ovs` alone");
    return [];
  }

  traffic(item: RawScenario["traffic"][number], index: number): Traffic {
    const stations = [...this.#guests.keys(), ...this.#raw.peers.map((peer) => peer.name)];
    for (const end of ["from", "to"] as const)
      this.#known(item[end], stations, "guest or peer", ["traffic", index, end]);
    return item;
  }

  phase(phase: RawScenario["phases"][number], index: number): Phase {
    const names = this.#raw.traffic.map((item) => item.name);
    for (const [place, item] of phase.traffic.entries()) {
      this.#known(item, names, "traffic", ["phases", index, "traffic", place]);
    }
    if (phase.settle >= phase.lasts) {
      this.#wrong("SPEC_INVALID", ["phases", index, "lasts"], "a phase must last longer than it takes to settle");
    }
    return {
      title: phase.title,
      say: phase.say.trim(),
      lasts: milliseconds(phase.lasts),
      settle: milliseconds(phase.settle),
      traffic: phase.traffic,
      events: phase.events
        .map((event, place) => ({
          at: milliseconds(event.at),
          event: this.#event(event, ["phases", index, "events", place]),
        }))
        .sort((a, b) => a.at - b.at),
      expect: phase.expect.flatMap((item, place) => this.#expectation(item, ["phases", index, "expect", place])),
    };
  }

  #event(event: RawEvent, path: YamlPath): LabEvent {
    const { kind, target } = event;
    if (kind === "kill") return { kind: "killDaemon" };
    if (kind === "start") return { kind: "startDaemon" };
    if (kind === "crash") return this.#crash(target, event.by, path);
    if (kind === "apply") {
      this.#known(target, Object.keys(this.#raw.specs), "spec", [...path, "apply"]);
      return { kind, spec: target };
    }
    this.#known(target, this.#nics, "NIC", [...path, kind]);
    if (BRIDGE_ONLY.has(kind) && this.#ofOvs.has(target)) {
      this.#wrong("SPEC_INVALID", [...path, kind], `${kind} is not for NICs of a fabric with \`switch: ovs\``);
    }
    return { kind, nic: nicId(target) };
  }

  /** A domain fails in the ways of its isolation. */
  #crash(name: string, by: DomainCrash, path: YamlPath): LabEvent {
    const domain = this.#domain(name, [...path, "crash"]);
    const isolation = this.#domains.get(name);
    if (isolation !== undefined) {
      const ways: readonly string[] = isolation === "netns" || isolation === "vm" ? DOMAIN_CRASHES[isolation] : [];
      this.#known(by, ways, `crash of a domain with isolation ${isolation} by`, [...path, "by"]);
    }
    return { kind: "crash", domain, by };
  }

  #domain(name: string, path: YamlPath): DomainId {
    this.#known(name, [...this.#domains.keys()], "domain", path);
    return domainId(name);
  }

  #expectation(item: RawExpectation, path: YamlPath): Expectation[] {
    if ("total" in item) {
      const { total, direction, rate, within } = item;
      return [{ kind: "total", guest: this.guest(total, [...path, "total"]), direction, rate, within: ratio(within) }];
    }
    if ("spread" in item) {
      const { spread, direction, within } = item;
      return [{ kind: "spread", guest: this.guest(spread, [...path, "spread"]), direction, within: ratio(within) }];
    }
    if ("tables" in item) {
      const { tables, by } = item;
      for (const nic of by ?? []) this.#known(nic, this.#nics, "NIC", [...path, "by"]);
      return [
        {
          kind: "tables",
          guest: this.guest(tables, [...path, "tables"]),
          ...(by !== undefined && { by: by.map(nicId) }),
        },
      ];
    }
    if ("lacp" in item) {
      const { lacp, ...rest } = item;
      this.#known(lacp, this.#nics, "NIC", [...path, "lacp"]);
      return [{ kind: "lacp", nic: nicId(lacp), ...rest }];
    }
    if ("roundTrip" in item) {
      const probes = this.#raw.traffic.filter(({ kind }) => kind === "rtt").map(({ name }) => name);
      this.#known(item.roundTrip, probes, "rtt traffic", [...path, "roundTrip"]);
      return [{ kind: "roundTrip", probe: item.roundTrip, p99: milliseconds(item.p99) }];
    }
    if ("rate" in item) {
      return [{ kind: "rate", slice: this.#slice(item.slice, path), rate: item.rate, within: ratio(item.within) }];
    }
    if ("limit" in item || "reserve" in item) {
      const kind = "limit" in item ? "limit" : "reserve";
      const names = "limit" in item ? item.limit : item.reserve;
      return names.map((name) => ({ kind, slice: this.#slice(name, path), within: ratio(item.within) }));
    }
    if ("probe" in item) {
      const probes = this.#raw.traffic.filter(({ kind }) => kind === "probe").map(({ name }) => name);
      this.#known(item.probe, probes, "probe", [...path, "probe"]);
      const { gap, ...rest } = item;
      return [{ kind: "probe", ...rest, ...(gap !== undefined && { gap: milliseconds(gap) }) }];
    }
    if ("domain" in item) {
      const { domain, ...rest } = item;
      return [{ kind: "domain", domain: this.#domain(domain, [...path, "domain"]), ...rest }];
    }
    return [{ kind: "stableMacs" in item ? "stableMacs" : "converged" }];
  }

  /** `web@eth1`: the guest must own a share of that NIC. */
  #slice(text: string, path: YamlPath): SliceName {
    const [guest = "", nic = ""] = text.split("@");
    const own =
      this.#guests.get(guest)?.vifs.flatMap(({ aggregate }) => aggregate.slices.map((slice) => slice.nic)) ?? [];
    if (this.#known(guest, [...this.#guests.keys()], "guest", path))
      this.#known(nic, own, `slice of ${guest} on`, path);
    return { guest: guestId(guest), nic: nicId(nic) };
  }

  #known(name: string, names: readonly string[], what: string, path: YamlPath): boolean {
    if (names.includes(name)) return true;
    const near = nearestWord(name, names);
    const hint = near === undefined ? `known: ${names.join(", ") || "none"}` : `did you mean ${near}?`;
    this.#wrong("SPEC_REFERENCE", path, `there is no ${what} ${name}`, hint);
    return false;
  }

  #unique(names: readonly string[], what: string, path: YamlPath): void {
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) < index) this.#wrong("SPEC_DUPLICATE", path, `two of ${what} are called ${name}`);
    }
  }

  #wrong(
    code: "SPEC_INVALID" | "SPEC_REFERENCE" | "SPEC_DUPLICATE",
    path: YamlPath,
    message: string,
    hint?: string,
  ): void {
    this.errors.push(this.#source.error(code, path, message, hint));
  }
}

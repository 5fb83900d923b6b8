import type { Kernel, KernelOp } from "@gona/kernel";
import { type DomainId, type DomainSpec, type HostSpec, type NicId, type NicSpec, TRUNK_END_PREFIX } from "@gona/model";
import type { HubState } from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { EventLog } from "../event-log.ts";
import type { Hub } from "../hub.ts";
import type { LinkTable } from "../link-table.ts";
import type { Logger } from "../logger.ts";
import type { DomainControl, DomainStanding } from "./domain-control.ts";
import { type NicHardware, type NicPlaces, nicPlaces, wantedDomain } from "./nic-places.ts";

export interface NicPlacerOptions {
  readonly domains: DomainControl;
  /** Makes the kernel one with those of the domains that are ready. Throws KernelError. */
  readonly syncKernels: (ready: DomainControl["ready"]) => void;
  readonly kernel: Pick<Kernel, "run">;
  /** What the hub's own namespace is called by `linkMove`. */
  readonly hubNetns: string;
  /** The driver of a link, wherever it is. Throws KernelError. */
  readonly hardwareOf: (link: string) => NicHardware;
  readonly links: LinkTable;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly events: Pick<EventLog, "record">;
  readonly log: Logger;
  /** Links were moved: list them anew. */
  readonly relist: () => void;
  /** Something that the plan depends on is another. */
  readonly onChange: (reason: string) => void;
  /** A move was refused: try again after a pause. */
  readonly onFailure: (error: unknown) => void;
}

/** A card that is moved trains its link anew. */
const ARRIVED_WITHIN_MS = 15_000;
/** So long an apply waits for agents that are being restarted: most are back after a tenth of it. */
const AGENTS_BACK_MS = 2000;

interface Move {
  readonly link: string;
  readonly from: string | undefined;
  /** Undefined: to the hub. */
  readonly to: { readonly domain: DomainId; readonly netns: string } | undefined;
}

/**
 * Brings NICs to the driver domains that they belong in, and back. A NIC is left out of the plan first, so that its
 * guests leave it as they leave one that goes from the spec; with nothing of GONA's on it any more it is moved, and
 * comes back as one that is new.
 */
export class NicPlacer implements Disposable {
  readonly #options: NicPlacerOptions;
  readonly #hardware = new Map<string, NicHardware>();
  #spec: HostSpec | undefined;
  #ready: DomainControl["ready"] = new Map();
  #absent: NicPlaces["absentNics"] = new Map();
  /** NICs that were moved, until they carry again or some time has passed; monotonic clock. */
  readonly #arriving = new Map<NicId, number>();
  #watch: Disposable | undefined;
  /** Links that are being moved at this moment. */
  readonly #moving = new Set<string>();
  /** NICs that a virtual machine has been told to hold, and that it is to let go when nothing leads to them any more. */
  readonly #held = new Map<NicId, NicSpec>();
  #isLeaving = false;

  constructor(options: NicPlacerOptions) {
    this.#options = options;
  }

  /** Before links are watched. */
  start(): void {
    const { domains, onChange, onFailure } = this.#options;
    this.#sync();
    this.#watch = domains.onChange(() => {
      if (isAlike(this.#ready, domains.ready)) return;
      try {
        this.#sync();
      } catch (error) {
        onFailure(error);
      }
      onChange("driver domains changed");
    });
  }

  /** The spec that is in force: its domains are to be there. */
  track(spec: HostSpec | undefined): void {
    this.#spec = spec;
    this.#tell();
  }

  /** Settles when no agent of a namespace is being restarted, at the latest after a while: nothing can be done without it. */
  async agentsBack(): Promise<void> {
    const { domains, clock } = this.#options;
    const isAway = ({ phase, spec }: DomainStanding): boolean => phase === "restarting" && spec.isolation === "netns";
    const areBack = (): boolean => ![...domains.standing.values()].some(isAway);
    if (areBack()) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        watch[Symbol.dispose]();
        late[Symbol.dispose]();
        resolve();
      };
      const watch = domains.onChange(() => areBack() && end());
      const late = clock.after(AGENTS_BACK_MS, end);
    });
  }

  /** With the hub as last known. */
  placesFor(spec: HostSpec): NicPlaces {
    const { links, hub, domains, clock } = this.#options;
    const places = nicPlaces({
      spec,
      observed: hub.lastKnown,
      links,
      ready: domains.ready,
      arriving: this.#stillArriving(),
      hardwareOf: (nic) => this.#hardwareOf(nic),
    });
    const nowMs = clock.monotonicMs();
    for (const nic of places.absentNics.keys()) {
      if (!hub.lastKnown.nics.has(nic) || this.#arriving.has(nic)) continue;
      this.#arriving.set(nic, nowMs + ARRIVED_WITHIN_MS);
    }
    this.#absent = places.absentNics;
    return places;
  }

  #stillArriving(): ReadonlySet<NicId> {
    const { hub, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [nic, untilMs] of this.#arriving) {
      const carries = !this.#absent.has(nic) && hub.lastKnown.nics.get(nic)?.up === true;
      if (carries || nowMs > untilMs) this.#arriving.delete(nic);
    }
    return new Set(this.#arriving.keys());
  }

  /** Tells where a NIC that was left out need not be any more, and where another one's turn has come. */
  settle(): void {
    // A machine is to let go of what has left it, and to take what has only now come.
    if (this.#isLeaving || this.#absent.size > 0) this.#tell();
    if (this.#spec === undefined || this.#options.hub.inDoubt) return;
    const before = this.#absent;
    const { absentNics } = this.placesFor(this.#spec);
    const isOther = before.size !== absentNics.size || [...before.keys()].some((nic) => !absentNics.has(nic));
    if (isOther) this.#options.onChange("NICs have come to where they belong");
  }

  isMoving(link: string): boolean {
    return this.#moving.has(link);
  }

  /** Whether something is to be moved that can be moved now. Asks the kernel nothing. */
  get isDue(): boolean {
    return !this.#options.hub.inDoubt && this.#moves().length > 0;
  }

  /** Must run in the queue, with the hub as last known. True: links were moved, and the hub is to be reconciled. */
  async place(): Promise<boolean> {
    const { kernel, relist, events, onFailure } = this.#options;
    const moves = this.#moves();
    let moved = 0;
    for (const { link, from, to } of moves) {
      this.#moving.add(link);
      try {
        await kernel.run(this.#ops(link, to));
        moved++;
        const message = `NIC ${link} was moved from ${inWords(from)} to ${inWords(to?.domain)}`;
        events.record({ kind: "nic-moved", subject: link, message });
      } catch (error) {
        onFailure(error);
      }
    }
    if (moves.length > 0) relist();
    this.#moving.clear();
    this.#tell();
    return moved > 0;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  #sync(): void {
    const { domains, syncKernels } = this.#options;
    this.#ready = domains.ready;
    syncKernels(domains.ready);
  }

  /** A domain that is not of the spec any more is kept until it is empty. */
  #tell(): void {
    const { domains, links } = this.#options;
    const spec = this.#spec;
    if (spec === undefined) return;
    const named = new Set(spec.domains.map(({ name }) => name));
    const trunks = [...this.#options.hub.lastKnown.trunks];
    const full = new Set<string | undefined>([
      ...links.inDomains.filter(isNic).map((link) => links.domainOf(link)),
      ...trunks.map(([, { domain }]) => domain),
    ]);
    const leaving: DomainSpec[] = [...domains.standing].flatMap(([name, { spec: was }]) =>
      !named.has(name) && full.has(name) ? [was] : [],
    );
    domains.want([...spec.domains, ...leaving]);
    const held = new Map<DomainId, NicSpec[]>(spec.domains.map(({ name }) => [name, []]));
    for (const nic of spec.nics) {
      const wanted = wantedDomain(spec, nic, (name) => this.#hardwareOf(name));
      if (wanted !== undefined) held.get(wanted.name)?.push(nic);
    }
    this.#isLeaving = leaving.length > 0;
    for (const [name, { domain, kind }] of trunks) {
      const nic = this.#held.get(name);
      if (kind !== "tap" || nic === undefined || held.get(domain)?.some((other) => other.name === name)) continue;
      held.get(domain)?.push(nic);
      this.#isLeaving = true;
    }
    for (const nics of held.values()) for (const nic of nics) this.#held.set(nic.name, nic);
    for (const [domain, nics] of held) domains.hold(domain, nics);
  }

  #moves(): readonly Move[] {
    const { links, hub, domains } = this.#options;
    const spec = this.#spec;
    if (spec === undefined) return [];
    const nics = new Map(spec.nics.map((nic) => [nic.name as string, nic]));
    const candidates = new Set([...nics.keys(), ...links.inDomains.filter(isNic)]);
    const moves: Move[] = [];
    for (const link of candidates) {
      if (!links.has(link) || !isFree(hub.lastKnown, link as NicId)) continue;
      const from = links.domainOf(link);
      const nic = nics.get(link);
      const wanted = nic && wantedDomain(spec, nic, (name) => this.#hardwareOf(name));
      if (wanted?.isolation === "netns") {
        const netns = domains.ready.get(wanted.name)?.netns;
        if (from !== wanted.name && netns !== undefined) moves.push({ link, from, to: { domain: wanted.name, netns } });
      } else if (from !== undefined) moves.push({ link, from, to: undefined });
    }
    return moves;
  }

  #ops(link: string, to: Move["to"]): readonly KernelOp[] {
    const netns = to?.netns ?? this.#options.hubNetns;
    // A move leaves a link down; one that is nobody's any more is given back as it was.
    const isOurs = this.#spec?.nics.some(({ name }) => name === link) === true;
    return [{ op: "linkMove", link, netns }, ...(isOurs ? [] : [{ op: "linkSet", link, up: true } as const])];
  }

  #hardwareOf(nic: string): NicHardware | undefined {
    const { links, hardwareOf, log } = this.#options;
    const known = this.#hardware.get(nic);
    if (known !== undefined || !links.has(nic)) return known;
    try {
      const found = hardwareOf(nic);
      this.#hardware.set(nic, found);
      return found;
    } catch (err) {
      log.debug({ err, nic }, "a NIC's hardware is not known");
      return undefined;
    }
  }
}

const isNic = (link: string): boolean => !link.startsWith(TRUNK_END_PREFIX);
const inWords = (domain: string | undefined): string => (domain === undefined ? "the hub" : `the domain ${domain}`);

/** Nothing of GONA's is on a link or leads to it. */
const isFree = ({ nics, trunks, nicFilters, domainFilters, trees }: HubState, link: NicId): boolean =>
  ![nics, trunks, nicFilters, domainFilters].some((facet) => facet.has(link)) && !trees.has(link);

function isAlike(a: DomainControl["ready"], b: DomainControl["ready"]): boolean {
  return a.size === b.size && [...a].every(([name, domain]) => b.get(name) === domain);
}

import type { LinkEvent, LinkState } from "@gona/kernel";

/** What a link event means for the controller. `replaced`: another link stands under the same name now. */
export type LinkChange =
  | { readonly kind: "appeared" | "vanished" | "replaced"; readonly name: string }
  | { readonly kind: "carrier"; readonly name: string; readonly alive: boolean; readonly cause: string };

interface KnownLink {
  /** `domain/ifindex`: an ifindex is a link's own within one namespace alone. */
  readonly number: string;
  /** Undefined: it is in the hub. */
  readonly domain: string | undefined;
  /** Administratively up, with life in the cable. */
  readonly alive: boolean;
  readonly kind: string;
}

const numberOf = ({ domain, ifindex }: Pick<LinkState, "domain" | "ifindex">): string => `${domain ?? ""}/${ifindex}`;

/**
 * The links of the hub and its domains by name, kept current by events, so that nothing has to be listed anew for each
 * decision. An ifindex stays in here: it tells a link from its successor of the same name.
 */
export class LinkTable {
  readonly #links = new Map<string, KnownLink>();
  readonly #names = new Map<string, string>();
  /** Links without life in the cable, whatever their last event said: events may come a second late. */
  readonly #cut = new Set<string>();

  get names(): ReadonlySet<string> {
    return new Set(this.#links.keys());
  }

  has(name: string): boolean {
    return this.#links.has(name);
  }

  /** The driver domain where a link is; undefined: in the hub, or nowhere. */
  domainOf(name: string): string | undefined {
    return this.#links.get(name)?.domain;
  }

  /** Names of links that are in a domain. */
  get inDomains(): readonly string[] {
    return [...this.#links].flatMap(([name, { domain }]) => (domain === undefined ? [] : [name]));
  }

  /** False also for a link that is not there. */
  isAlive(name: string): boolean {
    return (this.#links.get(name)?.alive ?? false) && !this.#cut.has(name);
  }

  /** What somebody saw who looked at the link itself. A link is alive when that and its last event agree. */
  seen(name: string, alive: boolean): LinkChange[] {
    const before = this.isAlive(name);
    if (alive) this.#cut.delete(name);
    else if (this.#links.has(name)) this.#cut.add(name);
    return this.isAlive(name) === before ? [] : [{ kind: "carrier", name, alive, cause: causeOf(alive) }];
  }

  /** A tap (or tun): a link whose other end is a process. False also for a link that is not there. */
  isTap(name: string): boolean {
    return this.#links.get(name)?.kind === "tun";
  }

  /** What an event changes; nothing for the many events about other properties. */
  apply(event: Exclude<LinkEvent, { kind: "overrun" }>): LinkChange[] {
    return event.kind === "deleted" ? this.#forget(numberOf(event)) : this.#learn(event.link);
  }

  /** All links at once: at the start, and after events were lost. */
  refresh(links: readonly LinkState[]): LinkChange[] {
    const present = new Set(links.map(numberOf));
    const gone = [...this.#names.keys()].filter((number) => !present.has(number));
    const learnt = links.flatMap((link) => this.#learn(link));
    return [...learnt, ...gone.flatMap((number) => this.#forget(number))];
  }

  #learn(link: LinkState): LinkChange[] {
    const { name, kind, domain } = link;
    const number = numberOf(link);
    const alive = link.up && link.carrier;
    const oldName = this.#names.get(number);
    const renamed = oldName !== undefined && oldName !== name ? this.#forget(number) : [];
    const before = this.#links.get(name);
    const wasAlive = this.isAlive(name);
    if (before !== undefined && before.number !== number) {
      this.#names.delete(before.number);
      this.#cut.delete(name);
    }
    this.#links.set(name, { number, domain, alive, kind });
    this.#names.set(number, name);
    if (before === undefined) return [...renamed, { kind: "appeared", name }];
    if (before.number !== number) return [...renamed, { kind: "replaced", name }];
    const isAlive = this.isAlive(name);
    const cause = causeOf(isAlive, link.up);
    return wasAlive === isAlive ? [] : [{ kind: "carrier", name, alive: isAlive, cause }];
  }

  #forget(number: string): LinkChange[] {
    const name = this.#names.get(number);
    if (name === undefined) return [];
    this.#names.delete(number);
    this.#links.delete(name);
    this.#cut.delete(name);
    return [{ kind: "vanished", name }];
  }
}

const causeOf = (alive: boolean, up = true): string =>
  alive ? "carrier came" : up ? "carrier went" : "somebody set the link down";

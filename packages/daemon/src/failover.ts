import type { NicId } from "@gona/model";
import type { HubState, Step } from "@gona/planner";
import {
  type Announcement,
  announcementsForChange,
  announcementsForLoss,
  announcementsForReturn,
  type MovedVifs,
  movedVifs,
} from "./announcements.ts";
import type { Announcer } from "./announcer.ts";
import type { Clock } from "./clock.ts";
import type { EventLog } from "./event-log.ts";
import type { Hub } from "./hub.ts";
import type { NicChange } from "./nic-monitor.ts";

/**
 * Until what was announced has been learnt, and what was sent before has arrived: some milliseconds of
 * a busy switch and a busy host.
 */
const LEARNING_MS = 50;
/**
 * At most so long the plan that follows a loss waits for the announcements. It moves every table, which takes the
 * event loop for some tenths of a second with a thousand guests, and is not urgent: the packet path passes the NIC by.
 */
const TELLING_MS = 500;

export interface FailoverOptions {
  readonly hub: Hub;
  readonly announcer: Announcer;
  readonly events: EventLog;
  readonly clock: Clock;
}

/**
 * Moves MACs between switch ports when a NIC's gate shuts or opens, or a vif's NICs change. The packet
 * path skips a NIC without carrier before any of this runs; switches and peers have to be told.
 */
export class Failover {
  readonly #options: FailoverOptions;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /**
   * Shuts the gate at once, whatever else is under way, and announces. Settles when each was told once,
   * or some time has passed: what is decided next leaves nothing else its turn. Throws KernelError.
   */
  async nicLost({ nic, nicsUp, cause }: NicChange): Promise<void> {
    const { hub } = this.#options;
    const shut = hub.moveGate(nic, false);
    const told = this.#announceLoss(nic, nicsUp, cause);
    await shut;
    await Promise.race([told, this.#pause(TELLING_MS)]);
  }

  /**
   * Carries out steps. A gate that opens: first the switches, then the gate, for a frame that comes
   * in by a NIC's port is taken whether its gate is open or not, but with the gate open it is taken
   * nowhere else. A gate that shuts: the other way round. A NIC that comes with its gate open has no
   * filter before the steps, so there the switches come after. A vif whose NICs change is marked as
   * moving by the steps themselves: its frames are taken wherever they come, so that announcements can
   * follow; only a NIC's filter goes when they have been heard. Throws KernelError.
   */
  async execute(steps: readonly Step[]): Promise<void> {
    const { hub } = this.#options;
    const { opened, shut, arrived } = movedGates(steps);
    const { stations: known, nics } = hub.lastKnown;
    let told = 0;
    for (const nic of opened) {
      const open = nicsThatAreUp(hub.lastKnown);
      told += await this.#announce(announcementsForReturn(hub.lastKnown, nic, open), `NIC ${nic} is back`);
    }
    if (told > 0) await this.#pause();
    const moved = movedVifs(steps);
    const first = moved.size === 0 ? steps.length : firstClear(steps);
    await hub.execute(steps.slice(0, first));
    for (const nic of arrived) this.#announceArrival(nic, known);
    const learning = await this.#announceChange(moved);
    if (learning > 0 && takesFilters(steps, nics)) await this.#pause();
    await hub.execute(steps.slice(first));
    const nicsUp = nicsThatAreUp(hub.lastKnown);
    for (const nic of shut) void this.#announceLoss(nic, nicsUp);
  }

  /** Before what is old goes. */
  async #announceChange(moved: MovedVifs): Promise<number> {
    if (moved.size === 0) return 0;
    const { lastKnown } = this.#options.hub;
    const announcements = announcementsForChange(lastKnown, moved, nicsThatAreUp(lastKnown));
    return this.#announce(announcements, `NICs of ${counted(moved.size, "vif")} changed`);
  }

  /**
   * Only what peers may have learnt while the NIC was away: a new guest's MACs are nowhere else. A vif
   * whose home the NIC is tells its own MAC as a vif that was moved.
   */
  #announceArrival(nic: NicId, known: HubState["stations"]): void {
    const { lastKnown } = this.#options.hub;
    const stations = new Map([...lastKnown.stations].filter(([key, { slice }]) => slice !== "own" && known.has(key)));
    const hub = { ...lastKnown, stations };
    void this.#announce(announcementsForReturn(hub, nic, nicsThatAreUp(lastKnown)), `NIC ${nic} is there`);
  }

  async #announceLoss(nic: NicId, nicsUp: ReadonlySet<NicId>, why?: string): Promise<void> {
    const announcements = announcementsForLoss(this.#options.hub.lastKnown, nic, nicsUp);
    await this.#announce(announcements, `NIC ${nic} is lost${why === undefined ? "" : `: ${why}`}`);
  }

  /** Returns how many were told. */
  async #announce(announcements: readonly Announcement[], cause: string): Promise<number> {
    const { announcer, events, clock } = this.#options;
    if (announcements.length === 0) return 0;
    const startMs = clock.monotonicMs();
    await announcer.announce(announcements);
    const tookMs = clock.monotonicMs() - startMs;
    const toPeers = announcements.filter(({ address }) => address !== undefined).length;
    const macs = announcements.length - toPeers;
    const who = [
      ...(macs > 0 ? [`the switches where ${counted(macs, "MAC")} ${macs === 1 ? "is" : "are"} now`] : []),
      ...(toPeers > 0 ? [`peers the MAC of ${counted(toPeers, "address", "addresses")}`] : []),
    ];
    events.record({ kind: "announced", message: `told ${who.join(", and ")}, in ${tookMs.toFixed(0)} ms`, cause });
    return announcements.length;
  }

  #pause(ms = LEARNING_MS): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#options.clock.after(ms, resolve);
    return promise;
  }
}

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A NIC that is alive leaves: frames that come in by it are then the host's own again. */
const takesFilters = (steps: readonly Step[], nics: HubState["nics"]): boolean =>
  steps.some(
    (step) =>
      step.kind === "clear" &&
      (step.facet === "nicFilters" || step.facet === "domainFilters") &&
      nics.get(step.key)?.up,
  );

const nicsThatAreUp = ({ nics }: HubState): ReadonlySet<NicId> =>
  new Set([...nics].filter(([, entry]) => entry.up).map(([nic]) => nic));

/** Place of the first step that takes something away; the number of steps where none does. */
function firstClear(steps: readonly Step[]): number {
  const place = steps.findIndex(({ kind }) => kind === "clear");
  return place < 0 ? steps.length : place;
}

interface MovedGates {
  /** Of NICs that stood before and stand after. */
  readonly opened: readonly NicId[];
  readonly shut: readonly NicId[];
  /** Open, of NICs that come with these steps. */
  readonly arrived: readonly NicId[];
}

function movedGates(steps: readonly Step[]): MovedGates {
  const opened: NicId[] = [];
  const shut: NicId[] = [];
  const arrived: NicId[] = [];
  for (const step of steps) {
    if (step.facet !== "nics" || step.kind !== "set") continue;
    const { before, value, key } = step;
    // A stale one is another link under the old name.
    if (before === undefined || before.stale) {
      if (value.up) arrived.push(key);
    } else if (before.up !== value.up) (value.up ? opened : shut).push(key);
  }
  return { opened, shut, arrived };
}

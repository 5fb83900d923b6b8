import type { NicId } from "@gona/model";
import type { HubState, Step } from "@gona/planner";
import {
  type Announcement,
  announcementsForChange,
  announcementsForLoss,
  announcementsForReturn,
  announcementsOfEscape,
  type MovedVifs,
  movedVifs,
} from "./announcements.ts";
import type { Announcer } from "./announcer.ts";
import type { EventLog } from "./event-log.ts";
import type { Hub } from "./hub.ts";
import type { NicChange } from "./nic-monitor.ts";

export interface FailoverOptions {
  readonly hub: Hub;
  readonly announcer: Announcer;
  readonly events: EventLog;
}

/**
 * Moves MACs between switch ports when a NIC's gate shuts or opens. The packet path skips a NIC
 * without carrier before any of this runs; switches have to be told.
 */
export class Failover {
  readonly #options: FailoverOptions;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /** Shuts the gate at once, whatever else is under way, and announces. Throws KernelError. */
  async nicLost({ nic, nicsUp }: NicChange): Promise<void> {
    const { hub } = this.#options;
    const shut = hub.moveGate(nic, false);
    this.#announceLoss(nic, nicsUp);
    await shut;
  }

  /**
   * Carries out steps. A gate that opens: first the switches, then the gate, for a frame that comes
   * in by a NIC's port is taken whether its gate is open or not, but with the gate open it is taken
   * nowhere else. A gate that shuts: the other way round. A NIC that comes with its gate open has no
   * filter before the steps, so there the switches come after. Throws KernelError.
   */
  async execute(steps: readonly Step[]): Promise<void> {
    const { hub } = this.#options;
    const { opened, shut, arrived } = movedGates(steps);
    const known = hub.lastKnown.stations;
    for (const nic of opened) {
      await this.#announce(announcementsForReturn(hub.lastKnown, nic), `NIC ${nic} is back`);
    }
    const moved = movedVifs(steps);
    const told = moved.rehomed.size + moved.bereft.size === 0 ? steps.length : firstClear(steps);
    await this.#announceEscape(moved, steps);
    await hub.execute(steps.slice(0, told));
    for (const nic of arrived) this.#announceArrival(nic, known);
    await this.#announceChange(moved);
    await hub.execute(steps.slice(told));
    const nicsUp = nicsThatAreUp(hub.lastKnown);
    for (const nic of shut) this.#announceLoss(nic, nicsUp);
  }

  /** Peers of a guest that is to lose a slice go to one that stays first, by the MAC that it has now and for a moment yet. */
  async #announceEscape(moved: MovedVifs, steps: readonly Step[]): Promise<void> {
    const { lastKnown } = this.#options.hub;
    if (moved.bereft.size === 0) return;
    await this.#announce(announcementsOfEscape(lastKnown, moved, steps, nicsThatAreUp(lastKnown)), "guests lose NICs");
  }

  /**
   * Before what is old goes: a frame to the MAC of a slice that is gone is taken on the home NIC for as
   * long as the MAC's station is there.
   */
  async #announceChange(moved: MovedVifs): Promise<void> {
    const { lastKnown } = this.#options.hub;
    if (moved.rehomed.size === 0 && moved.bereft.size === 0) return;
    const announcements = announcementsForChange(lastKnown, moved, nicsThatAreUp(lastKnown));
    await this.#announce(announcements, "NICs of guests changed");
  }

  /** Only what peers may have learnt while the NIC was away: a new guest's MACs are nowhere else. */
  #announceArrival(nic: NicId, known: HubState["stations"]): void {
    const { lastKnown } = this.#options.hub;
    const stations = new Map([...lastKnown.stations].filter(([key]) => known.has(key)));
    void this.#announce(announcementsForReturn({ ...lastKnown, stations }, nic), `NIC ${nic} is there`);
  }

  #announceLoss(nic: NicId, nicsUp: ReadonlySet<NicId>): void {
    void this.#announce(announcementsForLoss(this.#options.hub.lastKnown, nic, nicsUp), `NIC ${nic} is lost`);
  }

  async #announce(announcements: readonly Announcement[], cause: string): Promise<void> {
    const { announcer, events } = this.#options;
    if (announcements.length === 0) return;
    await announcer.announce(announcements);
    const message = `told the switches where ${announcements.length} MACs are now`;
    events.record({ kind: "announced", message, cause });
  }
}

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

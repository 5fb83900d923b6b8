import type { NicId } from "@gona/model";
import type { Step } from "@gona/planner";
import { type Announcement, announcementsForLoss, announcementsForReturn } from "./announcements.ts";
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
   * nowhere else. A gate that shuts: the other way round. Throws KernelError.
   */
  async execute(steps: readonly Step[]): Promise<void> {
    const { hub } = this.#options;
    const { opened, shut } = movedGates(steps);
    for (const nic of opened) {
      await this.#announce(announcementsForReturn(hub.lastKnown, nic), `NIC ${nic} is back`);
    }
    await hub.execute(steps);
    if (shut.length === 0) return;
    const nicsUp = new Set([...hub.lastKnown.nics].filter(([, entry]) => entry.up).map(([nic]) => nic));
    for (const nic of shut) this.#announceLoss(nic, nicsUp);
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

/** NICs that stood before and stand after, with their gates moved. */
function movedGates(steps: readonly Step[]): { readonly opened: readonly NicId[]; readonly shut: readonly NicId[] } {
  const opened: NicId[] = [];
  const shut: NicId[] = [];
  for (const step of steps) {
    if (step.facet !== "nics" || step.kind !== "set" || step.before === undefined) continue;
    if (step.before.up !== step.value.up) (step.value.up ? opened : shut).push(step.key);
  }
  return { opened, shut };
}

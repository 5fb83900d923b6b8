import { StepError } from "@gona/dataplane";
import type { HostSpec, NicId } from "@gona/model";
import type { Step } from "@gona/planner";
import type { EventLog } from "./event-log.ts";
import type { LinkTable } from "./link-table.ts";

export interface OffloadOffersOptions {
  /** Whether a link says that it carries out HTB trees (hw-tc-offload is on); may throw KernelError. Absent: none does. */
  readonly offers: ((link: string) => boolean) | undefined;
  readonly links: Pick<LinkTable, "has">;
  readonly events: EventLog;
}

/** Which NICs carry out HTB trees: those that say so, and have not refused one since this daemon started. */
export class OffloadOffers {
  readonly #options: OffloadOffersOptions;
  readonly #refused = new Set<NicId>();

  constructor(options: OffloadOffersOptions) {
    this.#options = options;
  }

  /** Inventory.nicsOffload: asked of the NICs alone that are to offload where they can. */
  nicsOf(spec: HostSpec): ReadonlySet<NicId> {
    const auto = spec.nics.filter(({ name, offload }) => offload === "auto" && !this.#refused.has(name));
    return new Set(auto.map(({ name }) => name).filter((name) => this.#offers(name)));
  }

  /**
   * Takes a failure for a NIC's refusal: true when it was one and the spec lets the NIC go on without, so
   * that the next plan is one without. Firmware may refuse what the driver offers (mlx5 with SR-IOV).
   */
  refused(error: unknown, spec: HostSpec): boolean {
    const link = error instanceof StepError ? offloadedBy(error.step) : undefined;
    const nic = spec.nics.find(({ name, offload }) => name === link && offload === "auto");
    if (nic === undefined || this.#refused.has(nic.name)) return false;
    this.#refused.add(nic.name);
    this.#options.events.record({
      kind: "offload-refused",
      subject: nic.name,
      message: `NIC ${nic.name} says that it carries out HTB and refused: its limits stay in software`,
      cause: error instanceof Error ? error.message : String(error),
    });
    return true;
  }

  #offers(nic: NicId): boolean {
    const { offers, links } = this.#options;
    return offers !== undefined && links.has(nic) && offers(nic);
  }
}

/** The link that was to carry out what a step sets. */
function offloadedBy(step: Step): string | undefined {
  if (step.kind !== "set") return undefined;
  if (step.facet === "trees") return !step.value.timed && step.value.offload ? step.key : undefined;
  return step.facet === "slices" && step.value.offload ? step.value.link : undefined;
}

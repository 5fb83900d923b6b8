import type { NicId } from "@gona/model";
import { applySteps, EMPTY_HUB, type HubState, type Step } from "@gona/planner";
import type { DataPlane } from "./data-plane.ts";

/**
 * The hub as last known, and the one door through which it is changed. The kernel is read anew only
 * when the knowledge is in doubt; else each step that was carried out is reckoned in.
 */
export class Hub {
  readonly #plane: DataPlane;
  #observed: HubState = EMPTY_HUB;
  #stale = true;
  #executing = false;
  /** Gates that were moved while other steps were under way. */
  #movedMeanwhile = new Map<NicId, boolean>();

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  /** As last known; a full read first where that is in doubt. Throws KernelError. */
  current(): HubState {
    if (this.#stale) {
      this.#observed = this.#plane.observe();
      this.#stale = false;
    }
    return this.#observed;
  }

  /** Never reads the kernel. */
  get lastKnown(): HubState {
    return this.#observed;
  }

  get inDoubt(): boolean {
    return this.#stale;
  }

  /** The next `current()` reads the kernel. */
  doubt(): void {
    this.#stale = true;
  }

  /** Carries out a plan that starts from `current()`. Throws KernelError; the knowledge is in doubt then. */
  async execute(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return;
    this.#executing = true;
    try {
      await this.#carryOut(steps);
    } finally {
      this.#executing = false;
    }
    const gates = [...this.#movedMeanwhile];
    this.#movedMeanwhile = new Map();
    for (const [nic, up] of gates) await this.#carryOut(this.#gateSteps(nic, up));
  }

  /**
   * Opens or shuts a NIC's gate at once, also while a plan is being carried out. That plan may hold
   * the gate as it was when it was made, so the gate is then set once more at its end.
   */
  async moveGate(nic: NicId, up: boolean): Promise<void> {
    if (!this.#executing && this.#observed.nics.get(nic)?.up === up) return;
    if (this.#executing) this.#movedMeanwhile.set(nic, up);
    await this.#carryOut(this.#gateSteps(nic, up));
  }

  #gateSteps(nic: NicId, up: boolean): readonly Step[] {
    const before = this.#observed.nics.get(nic);
    if (before === undefined) return [];
    const { stale: _mended, ...entry } = before;
    return [{ kind: "set", facet: "nics", key: nic, value: { ...entry, up }, before }];
  }

  async #carryOut(steps: readonly Step[]): Promise<void> {
    try {
      await this.#plane.execute(steps);
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    this.#observed = applySteps(this.#observed, steps);
  }
}

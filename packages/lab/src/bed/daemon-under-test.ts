import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GonaClient, type Status } from "@gona/api";
import { GonaError } from "@gona/model";
import type { LabSpec } from "../scenario/scenario.ts";
import { renameNamespaces } from "../scenario/scenario-source.ts";
import type { LabBed } from "./lab-bed.ts";
import { guestNetns, REPOSITORY } from "./lab-paths.ts";
import type { LabProcess } from "./lab-process.ts";
import { SLOWNESS } from "./slowness.ts";
import { waitUntil } from "./wait-until.ts";

const CONVERGE_MS = 60_000;
/** A virtual machine has to boot first. */
const BOOT_MS = 120_000 * SLOWNESS;

export interface DaemonStart {
  /** Outlives this process. */
  readonly stays?: boolean;
  /** What of the kernel it is not to use: GONA_WITHOUT. */
  readonly without?: string;
}

/** The real `./gona daemon` in the lab's hub, and the client to talk to it. */
export class DaemonUnderTest {
  readonly client: GonaClient;
  readonly #bed: LabBed;
  readonly #stays: boolean;
  readonly #without: string;
  #process: LabProcess | undefined;

  private constructor(bed: LabBed, { stays = false, without = "" }: DaemonStart) {
    this.#bed = bed;
    this.#stays = stays;
    this.#without = without;
    this.client = new GonaClient({ runDir: bed.paths.daemonRun });
  }

  /** Starts it with the scenario's spec and waits until the kernel holds what that asks for. Throws GonaError. */
  static async start(bed: LabBed, options: DaemonStart = {}): Promise<DaemonUnderTest> {
    const daemon = new DaemonUnderTest(bed, options);
    writeFileSync(bed.paths.spec, labSpecText(bed, bed.scenario.spec));
    await daemon.start(true);
    await bed.dressCreatedVifs();
    await daemon.#machinesUp();
    return daemon;
  }

  get running(): boolean {
    return this.#process?.running === true;
  }

  /** Undefined while it is not running. */
  get pid(): number | undefined {
    return this.running ? this.#process?.identity.pid : undefined;
  }

  /** Starts it again; what the kernel holds is adopted. `withSpec`: name the spec on the command line. */
  async start(withSpec = false): Promise<void> {
    const { daemonRun, daemonState, spec } = this.#bed.paths;
    this.#process = this.#bed.spawn({
      name: "daemon",
      netns: this.#bed.plan.hub,
      command: "env",
      args: [
        `GONA_WITHOUT=${this.#without}`,
        join(REPOSITORY, "gona"),
        "daemon",
        ...(withSpec ? ["--spec", spec] : []),
        "--run-dir",
        daemonRun,
        "--state-dir",
        daemonState,
      ],
      stays: this.#stays,
    });
    await this.converged();
  }

  /** Waits until the daemon says so, nothing pending. Throws SCENARIO_FAILED with the log's end. */
  async converged(withinMs = CONVERGE_MS): Promise<Status> {
    let last = "it does not answer";
    const ask = async (): Promise<Status | undefined> => {
      if (!this.running) throw new GonaError("SCENARIO_FAILED", `the daemon ended:\n${this.#process?.logTail() ?? ""}`);
      try {
        const status = await this.client.status();
        last = `${status.state}, pending ${JSON.stringify(status.pending)}, ${status.lastError?.message ?? "no error"}`;
        return status.converged && status.pending.length === 0 ? status : undefined;
      } catch (error) {
        if (error instanceof GonaError && error.class.retry) return undefined;
        throw error;
      }
    };
    return waitUntil("the daemon converges", ask, {
      withinMs,
      why: () => `${last}\n${this.#process?.logTail() ?? ""}`,
    });
  }

  /** Settles when NICs in virtual machines carry, and spares stand by. Throws SCENARIO_FAILED. */
  async #machinesUp(): Promise<void> {
    const { domains, nics } = this.#bed.scenario.spec.host;
    const machines = new Set(domains.flatMap(({ name, isolation }) => (isolation === "vm" ? [name] : [])));
    const awaited = new Set(nics.flatMap(({ name, domain }) => (machines.has(domain) ? [name as string] : [])));
    if (awaited.size === 0) return;
    let last = "";
    const areUp = async (): Promise<true | undefined> => {
      const found = (await this.client.nics()).filter(({ name }) => awaited.has(name));
      const booting = (await this.client.domains()).filter(({ spare }) => spare === "starting");
      const words = [...found, ...booting].map(({ name, state }) => `${name} ${state}`);
      last = `${words.join(", ")}; spares that boot: ${booting.length}`;
      const areAllUp = found.length === awaited.size && found.every(({ state }) => state === "up");
      return areAllUp && booting.length === 0 ? true : undefined;
    };
    const why = () => `${last}\n${this.#process?.logTail() ?? ""}`;
    await waitUntil("NICs in virtual machines are up", areUp, { withinMs: BOOT_MS, why });
  }

  /** SIGKILL, and the certainty that it is gone. */
  async kill(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  /** SIGTERM: it leaves the data plane running. */
  async stop(): Promise<void> {
    await this.#process?.stop("SIGTERM", 5000);
  }

  async apply(spec: LabSpec): Promise<void> {
    await this.client.apply({ text: labSpecText(this.#bed, spec), file: this.#bed.scenario.file });
    await this.#bed.dressCreatedVifs();
  }
}

/** The spec as the daemon gets it: guests' namespaces are the lab's. */
function labSpecText(bed: LabBed, spec: LabSpec): string {
  const owner = new Map(
    spec.host.guests.flatMap((guest) =>
      guest.vifs.flatMap(({ attachment }) =>
        attachment.kind === "create" ? [[attachment.netns, guestNetns(bed.scenario.name, guest.name)] as const] : [],
      ),
    ),
  );
  return renameNamespaces(spec.text, (netns) => owner.get(netns) ?? netns);
}

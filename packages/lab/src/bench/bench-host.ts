import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GonaClient } from "@gona/api";
import { hubNetns, type LabPaths, labPaths, REPOSITORY } from "../bed/lab-paths.ts";
import { LabProcess } from "../bed/lab-process.ts";
import { runCommand } from "../bed/run-command.ts";
import { claimLab, sweep } from "../bed/sweep.ts";
import { waitUntil } from "../bed/wait-until.ts";

/**
 * The namespaces of one bench case, and a real daemon in its hub where it wants one. Named like a
 * lab, so that the lab's sweep finds them after a crash too.
 */
export class BenchHost implements AsyncDisposable {
  readonly name: string;
  readonly hub: string;
  readonly paths: LabPaths;
  readonly #processes: LabProcess[] = [];

  private constructor(name: string) {
    this.name = name;
    this.hub = hubNetns(name);
    this.paths = labPaths(name);
  }

  /** Sweeps what an earlier run may have left, then makes the namespaces. Throws GonaError. */
  static async make(name: string, namespaces: readonly string[]): Promise<BenchHost> {
    const host = new BenchHost(name);
    await sweep(name);
    claimLab(name, "bench");
    for (const netns of [host.hub, ...namespaces]) await runCommand("ip", ["netns", "add", netns]);
    return host;
  }

  get client(): GonaClient {
    return new GonaClient({ runDir: this.paths.daemonRun });
  }

  spawn(name: string, netns: string, command: string, args: readonly string[], onLine?: (line: string) => void) {
    const child = new LabProcess({
      paths: this.paths,
      name,
      netns,
      command,
      args,
      ...(onLine !== undefined && { onLine }),
    });
    this.#processes.push(child);
    return child;
  }

  /** Starts `./gona daemon` in the hub; settles once it has converged to the spec. */
  async startDaemon(spec: string, withinMs = 30_000): Promise<LabProcess> {
    writeFileSync(this.paths.spec, spec);
    const { daemonRun, daemonState } = this.paths;
    const daemon = this.spawn("daemon", this.hub, join(REPOSITORY, "gona"), [
      "daemon",
      ...["--spec", this.paths.spec, "--run-dir", daemonRun, "--state-dir", daemonState],
    ]);
    const converged = async (): Promise<true | undefined> => {
      if (!daemon.running) throw new Error(`the daemon ended:\n${daemon.logTail()}`);
      try {
        const status = await this.client.status();
        return status.converged && status.pending.length === 0 ? true : undefined;
      } catch {
        return undefined; // not listening yet; the deadline shows its log
      }
    };
    await waitUntil("the daemon converges", converged, { withinMs, why: () => daemon.logTail() });
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((child) => child.stop()));
    await sweep(this.name);
  }
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DomainId, GonaError } from "@gona/model";
import type { DomainCrash } from "../scenario/scenario.ts";
import type { DaemonUnderTest } from "./daemon-under-test.ts";
import type { LabBed } from "./lab-bed.ts";
import { domainNetns } from "./lab-paths.ts";
import { processesNaming } from "./left-processes.ts";
import { isAlive, type ProcessIdentity, signal } from "./process-identity.ts";
import { runCommand } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

const GONE_MS = 20_000;
/** A file system in memory takes all of it, and the kernel finds no process to end instead. */
const FILL_MEMORY = "mkdir /hog && mount -t tmpfs -o size=100% hog /hog && dd if=/dev/zero of=/hog/all bs=1M";

/** Makes a part of a driver domain fail. Throws GonaError where there is no such part. */
export async function crashDomain(bed: LabBed, daemon: DaemonUnderTest, domain: DomainId, by: DomainCrash) {
  switch (by) {
    case "agent-killed":
    case "vm-killed":
      return strike(await processOf(bed, daemon, domain), "SIGKILL");
    case "agent-hung":
    case "vm-hung":
      return strike(await processOf(bed, daemon, domain), "SIGSTOP");
    case "vm-panicked":
      return ruin(daemon, domain, "echo c >/proc/sysrq-trigger");
    case "vm-out-of-memory":
      return ruin(daemon, domain, FILL_MEMORY);
    case "name-deleted":
      await runCommand("ip", ["netns", "delete", domainNetns(bed.plan.lab, domain)]);
      return;
    case "namespace-gone":
      return endNamespace(bed, domain);
  }
}

/**
 * A domain's agent, or its virtual machine: that at work as the daemon says, or any where no daemon is there to say it.
 * One that is about to be started is waited for.
 */
export function processOf(bed: LabBed, daemon: DaemonUnderTest, domain: DomainId): Promise<ProcessIdentity> {
  const find = async (): Promise<ProcessIdentity | undefined> => {
    const all = processesOf(bed, domain);
    if (!daemon.running) return all[0];
    const view = (await daemon.client.domains()).find(({ name }) => name === domain);
    return all.find(({ pid }) => pid === view?.pid);
  };
  return waitUntil(`domain ${domain} has a process`, find, { withinMs: GONE_MS });
}

/** Their words name the domain's files: sockets, and where they write; those of two machines are told apart by a letter. */
const processesOf = (bed: LabBed, domain: DomainId): readonly ProcessIdentity[] =>
  ["", "-a", "-b"].flatMap((unit) => processesNaming(join(bed.paths.daemonRun, "domains", `${domain}${unit}.`)));

function strike(process: ProcessIdentity, name: "SIGKILL" | "SIGSTOP"): void {
  signal(process, name);
}

/** The script that ends the machine has no answer. */
async function ruin(daemon: DaemonUnderTest, domain: DomainId, script: string): Promise<void> {
  await daemon.client.domainExec(domain, script).then(
    ({ code, output }) => {
      throw new GonaError(
        "SCENARIO_FAILED",
        `the virtual machine of ${domain} outlived it: exit code ${code}: ${output}`,
      );
    },
    (error: unknown) => {
      if (!(error instanceof GonaError && error.code === "DOMAIN_FAILED")) throw error;
    },
  );
}

/** Its agent, its name, and with them the namespace and every veth in it; settles when those are gone. */
async function endNamespace(bed: LabBed, domain: DomainId): Promise<void> {
  const netns = domainNetns(bed.plan.lab, domain);
  const inside = processesOf(bed, domain);
  const nics = await bed.nicsIn(netns);
  if (nics.length === 0) throw new GonaError("SCENARIO_FAILED", `no NIC is in the namespace ${netns}`);
  for (const each of inside) strike(each, "SIGKILL");
  const gone = (): true | undefined => (inside.some(isAlive) ? undefined : true);
  await waitUntil(`the agent of ${domain} is gone`, gone, { withinMs: GONE_MS });
  if (existsSync(`/run/netns/${netns}`)) await runCommand("ip", ["netns", "delete", netns]);
  const unplugged = async (): Promise<true | undefined> => {
    for (const nic of nics) if (await bed.hasPort(nic)) return undefined;
    return true;
  };
  await waitUntil(`the namespace ${netns} is gone with its NICs`, unplugged, {
    withinMs: GONE_MS,
    why: () => "somebody holds it",
  });
}

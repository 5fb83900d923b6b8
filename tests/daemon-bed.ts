import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { GonaClient } from "@gona/api";
import {
  CgroupLeaf,
  createNamespace,
  deleteNamespace,
  enterCommand,
  sweepNamespaces,
  unmountBpffs,
} from "@gona/kernel";
import { run } from "./run.ts";

const REPOSITORY = join(import.meta.dirname, "..");
const PROBE = join(REPOSITORY, "packages/lab/src/traffic/probe-main.ts");
const FLOWS = join(import.meta.dirname, "flows-main.ts");
const DEADLINE_MS = 60_000;
const GROUPS_GONE_MS = 20_000;

/** Of the bridge that both NICs are plugged into, and of the guest that no apply changes. */
const PEER = "10.9.255.1";
const STEADY = "10.9.0.1";

export interface Line {
  readonly [name: string]: unknown;
}

/** A process of ours in a namespace whose lines of JSON are read. */
export class JsonProcess {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  readonly #arrived = new EventTarget();

  constructor(netns: string, argv: readonly string[], output: "stdout" | "stderr") {
    const [command, ...args] = enterCommand(netns, argv);
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    const stream = this.child[output];
    if (stream === null) throw new Error(`no ${output}`);
    createInterface({ input: stream }).on("line", (line) => {
      this.lines.push(line.startsWith("{") ? (JSON.parse(line) as Line) : { text: line });
      this.#arrived.dispatchEvent(new Event("line"));
    });
  }

  /** The first line for which `when` holds. Throws when it does not come in time or the process ends. */
  async line(what: string, when: (line: Line) => boolean): Promise<Line> {
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const look = () => {
      const found = this.lines.find(when);
      if (found !== undefined) resolve(found);
    };
    const fail = (why: string) => reject(new Error(`no "${what}": ${why}\n${JSON.stringify(this.lines.slice(-5))}`));
    const ended = () => {
      look();
      fail(`the process ended (${this.child.exitCode ?? this.child.signalCode})`);
    };
    const timer = setTimeout(() => fail(`${DEADLINE_MS} ms passed`), DEADLINE_MS);
    this.#arrived.addEventListener("line", look);
    this.child.once("close", ended);
    look();
    if (this.child.exitCode !== null) ended();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#arrived.removeEventListener("line", look);
      this.child.off("close", ended);
    }
  }

  /** The exit code, and all that was said. */
  async ended(): Promise<{ readonly code: number | null; readonly said: string }> {
    if (this.child.exitCode === null) await once(this.child, "close", { signal: AbortSignal.timeout(DEADLINE_MS) });
    return { code: this.child.exitCode, said: this.lines.map((line) => line.text ?? line.msg).join("\n") };
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.kill(signal);
    await gone;
  }

  /** Ends it by closing its input, as the prober's processes want. */
  async finish(): Promise<void> {
    const gone = once(this.child, "close");
    this.child.stdin?.end();
    await gone;
  }
}

/** A hub with two NICs on one switch, namespaces for guests, and real daemons. */
export class DaemonBed implements AsyncDisposable {
  readonly client: GonaClient;
  readonly #prefix: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "gona-kill-"));
  readonly #namespaces: readonly string[];
  readonly #processes: JsonProcess[] = [];

  constructor(prefix: string, others: readonly string[]) {
    this.#prefix = prefix;
    this.#namespaces = ["hub", "switch", "steady", ...others].map((name) => `${prefix}-${name}`);
    for (const name of this.#namespaces) {
      deleteNamespace(name);
      createNamespace(name);
    }
    const [hub, wire] = [this.netns("hub"), this.netns("switch")];
    // A MAC of its own: else the bridge takes that of a port, and loses it with the port.
    run("ip", "-n", wire, "link", "add", "br0", "address", "02:00:00:00:ff:01", "type", "bridge");
    run("ip", "-n", wire, "addr", "add", `${PEER}/16`, "dev", "br0");
    run("ip", "-n", wire, "link", "set", "br0", "up");
    for (const nic of ["eth1", "eth2"]) {
      run("ip", "-n", hub, "link", "add", nic, "type", "veth", "peer", "name", `to-${nic}`, "netns", wire);
      run("ip", "-n", wire, "link", "set", `to-${nic}`, "master", "br0", "up");
      run("ip", "-n", hub, "link", "set", nic, "up");
    }
    this.client = new GonaClient({ runDir: this.runDir });
  }

  netns(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  get runDir(): string {
    return join(this.#directory, "run");
  }

  get stateDir(): string {
    return join(this.#directory, "state");
  }

  /** A file of this bed's own. */
  file(name: string, text: string): string {
    const path = join(this.#directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** `./gona daemon` in the hub; `before` comes in front of it (a program that runs another). */
  spawnDaemon(words: readonly string[] = [], before: readonly string[] = []): JsonProcess {
    const dirs = ["--run-dir", this.runDir, "--state-dir", this.stateDir];
    // The last one counts: words may name other directories.
    const command = [...before, join(REPOSITORY, "gona"), "daemon", ...dirs, ...words];
    return this.#keep(new JsonProcess(this.netns("hub"), command, "stderr"));
  }

  /** `flows-main.ts` in one of the namespaces. */
  spawnFlows(netns: string, words: readonly string[]): JsonProcess {
    return this.#keep(new JsonProcess(this.netns(netns), [process.execPath, FLOWS, ...words], "stdout"));
  }

  /** Addresses the steady guest's far end, as its owner does. */
  dressSteadyGuest(): void {
    run("ip", "-n", this.netns("steady"), "addr", "add", `${STEADY}/16`, "dev", "eth0");
  }

  /** Numbered datagrams both ways between the steady guest and the peer. */
  async startTraffic(perSecond: number): Promise<readonly Stream[]> {
    return [
      await this.startStream("steady", "switch", PEER, 5301, perSecond),
      await this.startStream("switch", "steady", STEADY, 5302, perSecond),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process.stop("SIGKILL");
    for (const name of this.#namespaces) deleteNamespace(name);
    // Of its driver domains, whose agents end when their sockets go.
    sweepNamespaces(`${this.netns("hub")}.`);
    unmountBpffs(join(this.runDir, "bpf"));
    rmSync(this.#directory, { recursive: true, force: true });
    await endOfGroups(`${this.netns("hub")}.`);
  }

  /** Numbered datagrams from one namespace to an address in another; the first has come when this settles. */
  async startStream(
    from: string,
    to: string,
    address: string,
    port: number,
    perSecond: number,
    bytes = 64,
  ): Promise<Stream> {
    const rate = ["--per-second", String(perSecond), "--bytes", String(bytes)];
    const words = ["--address", address, "--port", String(port), ...rate];
    const probe = (where: string, role: string) =>
      this.#keep(new JsonProcess(this.netns(where), [process.execPath, PROBE, role, ...words], "stdout"));
    const receiver = probe(to, "receive");
    await receiver.line("ready", (line) => line.kind === "ready");
    const sender = probe(from, "send");
    await receiver.line("first datagram", (line) => line.kind === "sequence" && Number(line.received) > 0);
    return { name: `${from} to ${to}`, sender, receiver };
  }

  #keep(process: JsonProcess): JsonProcess {
    this.#processes.push(process);
    return process;
  }
}

/** Agents and machines end a moment later, and then their control groups can go. */
async function endOfGroups(prefix: string): Promise<void> {
  for (const until = Date.now() + GROUPS_GONE_MS; Date.now() < until; await pause(20)) {
    const left = CgroupLeaf.all(prefix);
    if (left.length === 0) return;
    for (const leaf of left) leaf.remove();
  }
  throw new Error(`control groups ${prefix}… stay: somebody is in them`);
}

export interface Stream {
  readonly name: string;
  readonly sender: JsonProcess;
  readonly receiver: JsonProcess;
}

export interface StreamResult {
  readonly sent: number;
  /** What the sender's own system would not take. */
  readonly refused: number;
  readonly received: number;
  /** The 100 ms windows in which datagrams went missing, with how many. */
  readonly losses: readonly { readonly fromMs: number; readonly toMs: number; readonly lost: number }[];
}

/** Ends a stream and tells what became of its datagrams. */
export async function endStream({ sender, receiver }: Stream): Promise<StreamResult> {
  await sender.finish();
  const { datagrams, refused } = sender.lines.find((line) => line.kind === "sent") ?? {};
  const seen = receiver.lines.length;
  // The receiver reports each 100 ms; what was under way has arrived by the second report.
  await receiver.line("second report", (line) => receiver.lines.indexOf(line) >= seen + 1);
  await receiver.finish();
  const windows = receiver.lines.filter((line) => line.kind === "sequence");
  const losses = windows.flatMap((window, index) => {
    const lost = Number(window.lost) - Number(windows[index - 1]?.lost ?? 0);
    const toMs = Number(window.atMs);
    return lost === 0 ? [] : [{ fromMs: Number(windows[index - 1]?.atMs ?? toMs), toMs, lost }];
  });
  return { sent: Number(datagrams), refused: Number(refused), received: Number(windows.at(-1)?.received), losses };
}

import { once } from "node:events";
import { PROTOCOL } from "@gona/agent";
import { CgroupLeaf, domainNamespace, type NamespaceSource } from "@gona/kernel";
import { type DomainSpec, GonaError } from "@gona/model";
import type { Clock } from "../clock.ts";
import { readVersion } from "../version.ts";
import { AgentClient } from "./agent-client.ts";
import { AGENT_MEMORY_BYTES, AGENT_NICE, agentCommand } from "./agent-command.ts";
import type { BackendEvents, DomainBackend } from "./domain-backend.ts";
import type { DomainFiles } from "./domain-files.ts";
import { DomainNetns } from "./domain-netns.ts";
import { DomainProcess, type Witness } from "./domain-process.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { ReadyDomain } from "./ready-domain.ts";

export interface NetnsBackendOptions {
  readonly spec: DomainSpec;
  readonly events: BackendEvents;
  readonly files: DomainFiles;
  readonly clock: Clock;
  readonly namespaces: NamespaceSource;
  /** Name of the hub's namespace below /run/netns; undefined where it has none. */
  readonly hub: string | undefined;
  /** Directory on a bpffs with the programs that agents attach. */
  readonly programs: string;
}

/** So long is waited for the reason when an agent hangs up. */
const HANG_UP_MS = 500;
/** A starting Node on a busy machine may take long. */
const READY_MS = 60_000;
const END_MS = 1000;

/** What works: a process, a connection to it, and the watch over both. */
interface Running {
  readonly process: DomainProcess;
  readonly client: AgentClient;
  readonly heartbeat: Heartbeat;
}

/** A driver domain as a network namespace and the agent that works in it. */
export class NetnsBackend implements DomainBackend {
  readonly #options: NetnsBackendOptions;
  readonly #netns: DomainNetns;
  #spec: DomainSpec;
  #running: Running | undefined;
  #ready: ReadyDomain | undefined;
  /** The namespace has never had an agent. */
  #isNew = false;
  /** Why the process that is about to end ends. */
  #cause: string | undefined;

  constructor(options: NetnsBackendOptions) {
    const { spec, hub, namespaces, events } = options;
    this.#options = options;
    this.#spec = spec;
    this.#netns = new DomainNetns(domainNamespace(spec.name, hub), namespaces, (what) => events.mended(what));
  }

  get ready(): ReadyDomain | undefined {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#running?.process.pid;
  }

  async adopt(): Promise<boolean> {
    const { files } = this.#options;
    const { name } = this.#spec;
    const noted = files.read(name)?.process;
    const process = noted && DomainProcess.adopt(noted, this.#netns.name, this.#witness);
    if (process === undefined || !this.#netns.takeOf(process.pid)) {
      this.#netns.takeNamed();
      this.#changed();
      return false;
    }
    try {
      if (process.isStopped) throw new GonaError("DOMAIN_FAILED", "it was stopped");
      this.#attach(process, await this.#connect());
      return true;
    } catch {
      // Of another build, hung, or of no use for another reason: a new one takes its place.
      await process.kill();
      this.#changed();
      return false;
    }
  }

  async start(): Promise<void> {
    const { files } = this.#options;
    const { name, cpus } = this.#spec;
    this.#cause = undefined;
    // Noted before it is made: a daemon that dies in between leaves nothing that the next one would not find.
    files.write({ spec: this.#spec, netns: this.#netns.name });
    // What stands in a namespace that was there goes on without an agent; into a new one nothing moves before there is one.
    if (this.#netns.ensure()) this.#isNew = true;
    this.#changed();
    const process = await DomainProcess.spawn({
      ...this.#witness,
      argv: agentCommand(name, files.socket(name)),
      netns: this.#netns.name,
      cpus,
      nice: AGENT_NICE,
      cgroup: this.#netns.name,
      memoryMaxBytes: AGENT_MEMORY_BYTES,
      log: files.log(name),
    });
    try {
      files.write({ spec: this.#spec, netns: this.#netns.name, process: noteOf(process) });
      await this.#untilReady(process);
      this.#attach(process, await this.#connect());
    } catch (error) {
      await process.kill();
      if (error instanceof GonaError) throw error;
      throw new GonaError("DOMAIN_FAILED", `domain ${name}: ${this.#cause ?? String(error)}`, {}, { cause: error });
    }
  }

  /** Whatever is moved into the namespace is in the domain. */
  hold(): void {}

  async kill(): Promise<void> {
    const running = this.#letGo();
    await running?.process.kill();
    this.#changed();
  }

  async stop(): Promise<void> {
    const { files } = this.#options;
    const running = this.#letGo();
    this.#ready = undefined;
    // Whoever reads there lets go of the namespace.
    this.#options.events.changed();
    if (running !== undefined) {
      const ended = running.client.end(END_MS).then(() => running.process.gone);
      await Promise.race([ended, timeout(END_MS)]).catch(() => undefined);
      await running.process.kill();
    }
    await this.#netns.remove();
    CgroupLeaf.find(this.#netns.name)?.remove();
    files.remove(this.#spec.name);
    this.#changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#letGo();
    running?.process[Symbol.dispose]();
    this.#netns[Symbol.dispose]();
    this.#ready = undefined;
  }

  /** Takes over what the supervisor starts with next time; the agent that works goes on as it is. */
  respec(spec: DomainSpec): boolean {
    const alike = String(spec.cpus) === String(this.#spec.cpus);
    this.#spec = spec;
    return alike;
  }

  /** Nothing that happens to it is told any more. */
  #letGo(): Running | undefined {
    const running = this.#running;
    this.#running = undefined;
    running?.heartbeat[Symbol.dispose]();
    return running;
  }

  get #witness(): Witness {
    const { files } = this.#options;
    return {
      lastWords: () => files.lastWords(this.#spec.name),
      onExit: (process, cause) => {
        // Of one that would not die when it was replaced, nobody wants to hear.
        if (this.#running !== undefined && this.#running.process !== process) return;
        this.#cause ??= cause;
        this.#lost();
      },
    };
  }

  async #untilReady(process: DomainProcess): Promise<void> {
    const { pipe } = process;
    if (pipe === undefined) return;
    const word = once(pipe, "data");
    const gone = process.gone.then(() => {
      throw new Error(this.#cause ?? "it ended");
    });
    const late = timeout(READY_MS).then(() => {
      throw new Error(`it was not ready after ${READY_MS} ms`);
    });
    for (const other of [word, gone, late]) other.catch(() => undefined);
    await Promise.race([word, gone, late]);
    pipe.destroy();
  }

  async #connect(): Promise<AgentClient> {
    const { files, programs } = this.#options;
    const { name } = this.#spec;
    const client = await AgentClient.connect(name, files.socket(name), { pid: process.pid, programs });
    const { protocol, version, netnsInode } = client.hello;
    if (protocol === PROTOCOL && version === readVersion() && netnsInode === this.#netns.inode) return client;
    client[Symbol.dispose]();
    const found = `protocol ${protocol}, version ${version}, namespace ${netnsInode}`;
    throw new GonaError("DOMAIN_FAILED", `domain ${name}: its agent is not of this daemon's build or namespace`, {
      found,
    });
  }

  #attach(process: DomainProcess, client: AgentClient): void {
    const heartbeat = new Heartbeat({
      pid: process.pid,
      clock: this.#options.clock,
      ping: () => {
        this.#netns.look();
        return client.ping();
      },
      onLost: (cause) => this.#replace(`hung: ${cause}`),
    });
    this.#running = { process, client, heartbeat };
    this.#isNew = false;
    void client.closed.then(() => {
      if (this.#running?.client === client) this.#replace("it hung up");
    });
    this.#changed();
  }

  /** An agent that is of no use any more: it goes, and that is the loss. */
  #replace(cause: string): void {
    const running = this.#running;
    if (running === undefined) return;
    // One that has ended by itself hangs up too, a moment before its end is known with the reason.
    const dying =
      cause === "it hung up" ? Promise.race([running.process.gone, timeout(HANG_UP_MS)]) : Promise.resolve();
    void dying.then(async () => {
      if (this.#running !== running) return;
      this.#cause = cause;
      await running.process.kill();
      if (this.#running === running) this.#lost();
    });
  }

  #lost(): void {
    const running = this.#letGo();
    if (running === undefined) return;
    running.client[Symbol.dispose]();
    this.#changed();
    this.#options.events.lost(this.#cause ?? "it ended");
  }

  #changed(): void {
    const client = this.#running?.client;
    this.#ready =
      this.#netns.inode === undefined || this.#isNew
        ? undefined
        : {
            domain: this.#spec.name,
            isolation: "netns",
            netns: this.#netns.name,
            writer: client,
            nics: undefined,
          };
    this.#options.events.changed();
  }
}

const noteOf = ({ pid, startTicks }: DomainProcess) => ({ pid, startTicks });

const timeout = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { GonaError } from "@gona/model";
import { type GuestAnswer, GuestControl } from "./guest-control.ts";
import { guestKernel } from "./guest-kernel.ts";
import { type HostShare, shareFolder } from "./host-share.ts";
import { initramfs } from "./initramfs.ts";
import { type GuestNic, qemuArguments } from "./qemu-arguments.ts";

export interface GuestMachineOptions {
  /** Namespace where the taps are, by its name below /run/netns; QEMU runs there. */
  readonly netns: string;
  readonly nics: readonly GuestNic[];
  /** A folder of the host that the guest can mount: `mount -t virtiofs host /mnt`. */
  readonly share?: string;
  /** Beyond what a guest needs for its network and its control port. */
  readonly modules?: readonly string[];
  readonly programs?: readonly string[];
  readonly memoryMebibytes?: number;
  readonly processors?: number;
  /** Software emulation on a busy machine is slow; milliseconds. */
  readonly bootWithinMs?: number;
}

const MODULES = ["virtio_pci", "virtio_console", "virtio_net"];

/** A QEMU guest with Debian's kernel that runs shell scripts for the host. Disposal ends it at once. */
export class GuestMachine implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #control: GuestControl;
  readonly #console: string[];
  readonly #undo: AsyncDisposableStack;

  private constructor(child: ChildProcess, control: GuestControl, console: string[], undo: AsyncDisposableStack) {
    this.#child = child;
    this.#control = control;
    this.#console = console;
    this.#undo = undo;
  }

  /** Boots; settles when the guest obeys. Throws GonaError with the console's last lines. */
  static async start(options: GuestMachineOptions): Promise<GuestMachine> {
    await using undo = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "gona-vm-"));
    undo.defer(() => rmSync(folder, { recursive: true, force: true }));
    const server = createServer();
    undo.defer(() => closeServer(server));
    const controlSocket = join(folder, "control");
    const connected = connection(server, controlSocket);

    const share =
      options.share === undefined ? undefined : undo.use(await shareFolder(options.share, join(folder, "share")));
    const child = spawnQemu(await commandLine(options, controlSocket, share), options.netns);
    undo.defer(() => end(child));
    const console = keepLines(child);
    const died = deathOf(child, console);
    const stream = await Promise.race([connected, died]);
    undo.defer(() => void stream.destroy());
    const control = new GuestControl(stream);
    died.catch((error: Error) => control.fail(error));

    await within(control.ready(), options.bootWithinMs ?? 180_000, "the guest boots", console);
    // From here on the guest owns what was opened for it.
    return new GuestMachine(child, control, console, undo.move());
  }

  /** Process id of QEMU. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Runs a shell script to its end; any exit code is an answer. Throws SCENARIO_FAILED when it passes `withinMs`. */
  try(script: string, withinMs = 20_000): Promise<GuestAnswer> {
    return within(this.#control.send(script), withinMs, script, this.#console);
  }

  /** The same for a script that must succeed; its output. Throws SCENARIO_FAILED with what the guest said. */
  async run(script: string, withinMs = 20_000): Promise<string> {
    const { code, output } = await this.try(script, withinMs);
    if (code === 0) return output;
    throw new GonaError("SCENARIO_FAILED", `in the guest: ${script}: exit code ${code}: ${output.trim().slice(-2000)}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#undo.disposeAsync();
  }
}

async function within<T>(work: Promise<T>, withinMs: number, what: string, console: readonly string[]): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const words = console.slice(-20).join("\n");
    late.reject(new GonaError("SCENARIO_FAILED", `${what}: not within ${withinMs / 1000} s; the console:\n${words}`));
  }, withinMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function commandLine(options: GuestMachineOptions, controlSocket: string, share: HostShare | undefined) {
  const kernel = guestKernel();
  const modules = [...MODULES, ...(share === undefined ? [] : ["virtiofs", "overlay"]), ...(options.modules ?? [])];
  const image = await initramfs({ kernel, modules, programs: options.programs ?? [] });
  const machine = {
    kernelImage: kernel.image,
    initramfs: image,
    memoryMebibytes: options.memoryMebibytes ?? 256,
    processors: options.processors ?? 1,
    controlSocket,
    nics: options.nics,
    ...(share && { shareSocket: share.socket }),
  };
  const argv = qemuArguments(machine, process.arch);
  if (argv === undefined) throw new GonaError("NO_LIBRARY", `no test guests on ${process.arch}`);
  return argv;
}

/** nsenter execs: the child's pid is QEMU's own. */
const spawnQemu = (argv: readonly string[], netns: string): ChildProcess =>
  spawn("nsenter", [`--net=/run/netns/${netns}`, ...argv], { stdio: ["ignore", "pipe", "pipe"] });

function connection(server: Server, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    server.once("connection", resolve).once("error", reject).listen(path);
  });
}

const closeServer = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** The console and QEMU's own complaints, the last 200 lines. */
function keepLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      lines.splice(0, lines.length - 200);
    });
  }
  return lines;
}

function deathOf(child: ChildProcess, console: readonly string[]): Promise<never> {
  const death = new Promise<never>((_, reject) => {
    const say = (what: string): void =>
      reject(new GonaError("SCENARIO_FAILED", `QEMU ended (${what}):\n${console.slice(-20).join("\n")}`));
    child.on("close", (code, signal) => say(signal ?? `exit code ${code}`));
    child.on("error", (error) => say(error.message));
  });
  // Whoever waits for it sees it; a guest that is ended on purpose has nobody waiting.
  death.catch(() => undefined);
  return death;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await closed;
}

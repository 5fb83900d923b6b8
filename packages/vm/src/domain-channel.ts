import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { GonaError } from "@gona/model";
import type { MachineNic } from "./domain-arguments.ts";
import { connection } from "./monitor.ts";

/** How a joined device stands: its carrier, or that no driver holds it any more. */
export type DeviceState = "up" | "down" | "gone";

export interface ChannelEvents {
  /** The machine answered a ping. */
  answered(): void;
  /** A device changed; `id` is MachineNic.id. */
  device(id: string, state: DeviceState): void;
}

/** The host's end of the line protocol of domain-init.sh. */
export class DomainChannel implements Disposable {
  readonly #socket: Socket;
  readonly #events: ChannelEvents;
  readonly #waiting = new Map<string, PromiseWithResolvers<readonly string[]>>();
  #lost: Error | undefined;
  #next = 0;

  private constructor(socket: Socket, events: ChannelEvents) {
    this.#socket = socket;
    this.#events = events;
    // A broken connection is told by the socket as well; readline's own word of it has to be heard, though.
    createInterface({ input: socket, crlfDelay: Infinity })
      .on("line", (line) => this.#take(line))
      .on("error", () => undefined);
    const lost = (cause?: Error): void =>
      this.#fail(new GonaError("DOMAIN_FAILED", "the virtual machine hung up", {}, { cause }));
    socket.on("error", lost).on("close", () => lost());
    // Ends a line that an earlier daemon may have been in the middle of.
    socket.write("\n");
  }

  /** Throws when nobody listens there. */
  static async open(path: string, events: ChannelEvents): Promise<DomainChannel> {
    return new DomainChannel(await connection(path), events);
  }

  /** The answer comes as an event. */
  ping(): void {
    if (this.#lost === undefined) this.#socket.write(`p ${this.#next++}\n`);
  }

  /** Joins trunk and device; settles with the name of the device's driver. Throws DOMAIN_FAILED with the machine's words. */
  async join({ id, trunk, device, mtu }: MachineNic): Promise<string> {
    const [outcome, ...words] = await this.#ask("j", id, `${trunk.mac} ${device.mac} ${mtu}`);
    if (outcome === "ok") return words[0] ?? "";
    throw new GonaError("DOMAIN_FAILED", `NIC ${id} in the virtual machine: ${words.join(" ")}`);
  }

  async unjoin(id: string): Promise<void> {
    await this.#ask("u", id);
  }

  /** Each joined device is told by an event before this settles. */
  async devices(): Promise<void> {
    await this.#ask("s", "");
  }

  /** Runs a shell script in the machine, for tests and people in need. */
  async run(script: string): Promise<{ readonly code: number; readonly output: string }> {
    const id = `x${this.#next++}`;
    const [code = "", output = ""] = await this.#ask("x", id, Buffer.from(script).toString("base64"));
    return { code: Number(code), output: Buffer.from(output, "base64").toString() };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #ask(word: string, id: string, rest = ""): Promise<readonly string[]> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const key = `${word} ${id}`;
    const waiting = this.#waiting.get(key) ?? Promise.withResolvers<readonly string[]>();
    this.#waiting.set(key, waiting);
    this.#socket.write(`${word} ${id} ${rest}`.trimEnd().concat("\n"));
    return waiting.promise;
  }

  #take(line: string): void {
    const [word = "", id = "", ...rest] = line.trim().split(" ");
    if (word === "p") this.#events.answered();
    else if (word === "c") this.#events.device(id, rest[0] === "1" ? "up" : rest[0] === "gone" ? "gone" : "down");
    else {
      const key = `${word} ${id}`;
      this.#waiting.get(key)?.resolve(rest);
      this.#waiting.delete(key);
    }
  }

  #fail(error: Error): void {
    this.#lost ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost);
    this.#waiting.clear();
  }
}

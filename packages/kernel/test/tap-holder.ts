import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { enterCommand } from "../src/namespace/named-namespaces.ts";

const SCRIPT = fileURLToPath(new URL("tap-holder.py", import.meta.url));

/** A process in a namespace that does with taps what tap-holder.py says, one command at a time. */
export class TapHolder implements AsyncDisposable {
  readonly #child;
  readonly #answers: AsyncIterator<string>;

  constructor(netns: string) {
    const [command, ...args] = enterCommand(netns, ["python3", SCRIPT]);
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Its answer; throws when it ended instead. */
  async do(command: string): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error(`the holder ended at: ${command}`);
    return answer.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin.end();
    await ended;
  }
}

import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import type { LinkEvent } from "../src/kernel.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-k-watch";
const FAR = "gona-k-watch-far";

/** Events of a watcher, waited for with a deadline. */
class Events {
  readonly seen: { readonly event: LinkEvent; readonly atMs: number }[] = [];
  #wake = (): void => {};

  readonly listener = (event: LinkEvent): void => {
    this.seen.push({ event, atMs: performance.now() });
    this.#wake();
  };

  async until(matches: (event: LinkEvent) => boolean): Promise<number> {
    const deadline = AbortSignal.timeout(30_000);
    for (let from = 0; ; ) {
      for (; from < this.seen.length; from++) {
        const entry = this.seen[from];
        if (entry !== undefined && matches(entry.event)) return entry.atMs;
      }
      if (deadline.aborted)
        throw new Error(`no such event among ${JSON.stringify(this.seen.map((s) => s.event.kind))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
}

test("a link is seen to appear, to lose and regain its cable, and to go", async () => {
  using _namespaces = testNamespaces(HUB, FAR);
  using kernel = LinuxKernel.open({ netns: HUB });
  using far = LinuxKernel.open({ netns: FAR });
  const events = new Events();
  using _watch = kernel.watchLinks(events.listener);
  const peer = { netns: FAR, name: "far", mac: "02:00:00:00:00:01", addresses: ["10.9.0.1/24", "fd00:9::1/64"] };
  await kernel.run([
    { op: "vethCreate", link: "nic0", peer },
    { op: "linkSet", link: "nic0", up: true },
  ]);
  const carrier = (alive: boolean) => (event: LinkEvent) =>
    event.kind === "changed" && event.link.name === "nic0" && event.link.up && event.link.carrier === alive;
  await events.until(carrier(true));
  events.seen.splice(0);
  await far.run([{ op: "linkSet", link: "far", up: false }]);
  await events.until(carrier(false));
  events.seen.splice(0);
  await far.run([{ op: "linkSet", link: "far", up: true }]);
  await events.until(carrier(true));
  const ifindex = kernel.link("nic0")?.ifindex;
  await kernel.run([{ op: "linkDelete", link: "nic0" }]);
  await events.until((event) => event.kind === "deleted" && event.name === "nic0" && event.ifindex === ifindex);
});

test("a flood that the socket cannot hold is reported as overrun, and the watch goes on", async () => {
  using _namespaces = testNamespaces(HUB, FAR);
  using kernel = LinuxKernel.open({ netns: HUB });
  const events = new Events();
  using _watch = kernel.watchLinks(events.listener);
  const peer = { netns: FAR, name: "far", mac: "02:00:00:00:00:01", addresses: [] };
  await kernel.run([{ op: "vethCreate", link: "nic0", peer }]);
  // One operation runs without a turn of the event loop: all notifications wait in the socket.
  const flood = Array.from({ length: 6000 }, (_, i) =>
    kernel.run([{ op: "linkSet", link: "nic0", mtu: 1400 + (i % 2) }]),
  );
  await Promise.all(flood);
  await events.until(({ kind }) => kind === "overrun");
  events.seen.splice(0);
  await kernel.run([{ op: "linkSet", link: "nic0", mtu: 1300 }]);
  await events.until((event) => event.kind === "changed" && event.link.mtu === 1300);
});

test("a process whose watch is disposed of ends by itself", async () => {
  const script = `
    import { LinuxKernel } from ${JSON.stringify(new URL("../src/linux/linux-kernel.ts", import.meta.url).href)};
    const kernel = LinuxKernel.open();
    const watch = kernel.watchLinks(() => {});
    setTimeout(() => { watch[Symbol.dispose](); console.log("disposed"); }, 10);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { timeout: 60_000 });
  const output = (await child.stdout.setEncoding("utf8").toArray()).join("");
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    if (child.exitCode !== null) resolve([child.exitCode, child.signalCode]);
    else child.on("exit", (...how) => resolve(how));
  });
  expect([output, code, signal]).toEqual(["disposed\n", 0, null]);
});

import { setTimeout } from "node:timers/promises";
import type { Kernel, TcHandle } from "@gona/kernel";

/** What waits longer than this is of a slice so slow that its leaf holds more than a moment's traffic. */
const LONGEST_WAIT_MS = 300;
const POLL_MS = 2;
/** From this many classes of a link on, one dump is cheaper than a question for each. */
const DUMP_FROM = 32;

export interface DrainingClass {
  readonly link: string;
  readonly classid: TcHandle;
}

/**
 * Waits until nothing is queued in classes that nothing is sent to any more, for all of them
 * together at most 0.3 s; at once where nothing is. A class that is not there holds nothing, and
 * what waits for a link without carrier waits for ever. Throws KernelError.
 */
export async function drainClasses(
  kernel: Pick<Kernel, "link" | "classCounters">,
  classes: readonly DrainingClass[],
): Promise<void> {
  const deadline = performance.now() + LONGEST_WAIT_MS;
  for (let full = byLink(classes); ; ) {
    full = stillFull(kernel, full);
    if (full.size === 0 || performance.now() >= deadline) return;
    await setTimeout(POLL_MS);
  }
}

type ByLink = ReadonlyMap<string, ReadonlySet<number>>;

function byLink(classes: readonly DrainingClass[]): ByLink {
  const links = new Map<string, Set<number>>();
  for (const { link, classid } of classes) links.set(link, (links.get(link) ?? new Set()).add(classid));
  return links;
}

function stillFull(kernel: Pick<Kernel, "link" | "classCounters">, classes: ByLink): ByLink {
  const full = new Map<string, ReadonlySet<number>>();
  for (const [link, classids] of classes) {
    if (kernel.link(link)?.carrier !== true) continue;
    let holding = new Set<number>();
    const take = (classid: number, _bytes: number, _packets: number, _drops: number, backlogBytes: number) => {
      if (backlogBytes > 0 && classids.has(classid)) holding.add(classid);
    };
    if (classids.size < DUMP_FROM) {
      for (const classid of classids) kernel.classCounters(link, { begin() {}, take }, classid as TcHandle);
    } else {
      const begin = () => {
        holding = new Set();
      };
      kernel.classCounters(link, { begin, take });
    }
    if (holding.size > 0) full.set(link, holding);
  }
  return full;
}

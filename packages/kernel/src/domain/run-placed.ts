import type { Kernel } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import { type KernelOp, TC_CLSACT } from "../kernel-op.ts";

/** The operations of one place, with their places in the whole list. */
interface Group {
  readonly ops: KernelOp[];
  readonly indexes: number[];
}

/**
 * Runs operations where their links are, in order. Operations on the queues of different links do not touch one
 * another, so those that stand in a row are grouped by place and run side by side: a domain is asked once for a
 * thousand classes, and not a thousand times in turn with the others. Throws KernelError: the refusal that comes
 * first in the list; what stood behind it in its row may have run.
 */
export async function runPlaced(
  ops: readonly KernelOp[],
  hub: Kernel,
  placeOf: (link: string) => Kernel,
): Promise<void> {
  for (let from = 0; from < ops.length; ) {
    const end = rowEnd(ops, from, hub, placeOf);
    await runRow(groupRow(ops, from, end, hub, placeOf));
    from = end;
  }
}

const MOVES: ReadonlySet<KernelOp["op"]> = new Set(["linkMove", "linkDelete", "vethPairCreate"]);

/** Queues of links: neither links themselves nor what sends packets to the queues. */
const isOnQueues = (op: KernelOp): boolean =>
  op.op === "classReplace" ||
  op.op === "classDelete" ||
  ((op.op === "qdiscReplace" || op.op === "qdiscDelete") && op.parent !== TC_CLSACT);

function place(op: KernelOp, hub: Kernel, placeOf: (link: string) => Kernel): Kernel {
  switch (op.op) {
    case "vethCreate":
    case "vethPairCreate":
    case "mapPut":
    case "mapDelete":
      return hub;
    case "macvtapCreate":
      return placeOf(op.lower);
    default:
      return placeOf(op.link);
  }
}

/** End of what can run without waiting for one another: operations on queues, or those of one place. */
function rowEnd(ops: readonly KernelOp[], from: number, hub: Kernel, placeOf: (link: string) => Kernel): number {
  const first = ops[from] as KernelOp;
  const onQueues = isOnQueues(first);
  const home = place(first, hub, placeOf);
  let end = from + 1;
  for (; end < ops.length; end++) {
    const op = ops[end] as KernelOp;
    if (onQueues !== isOnQueues(op)) break;
    // Where a link is may be another matter behind it.
    if (MOVES.has((ops[end - 1] as KernelOp).op)) break;
    if (!onQueues && place(op, hub, placeOf) !== home) break;
  }
  return end;
}

function groupRow(
  ops: readonly KernelOp[],
  from: number,
  end: number,
  hub: Kernel,
  placeOf: (link: string) => Kernel,
): ReadonlyMap<Kernel, Group> {
  const places = new Map<string, Kernel>();
  const known = (link: string): Kernel => {
    const found = places.get(link) ?? placeOf(link);
    places.set(link, found);
    return found;
  };
  const groups = new Map<Kernel, Group>();
  for (let index = from; index < end; index++) {
    const op = ops[index] as KernelOp;
    const home = place(op, hub, known);
    const group = groups.get(home) ?? { ops: [], indexes: [] };
    groups.set(home, group);
    group.ops.push(op);
    group.indexes.push(index);
  }
  return groups;
}

async function runRow(groups: ReadonlyMap<Kernel, Group>): Promise<void> {
  let first: KernelError | undefined;
  const runs = Array.from(groups, async ([kernel, { ops, indexes }]) => {
    try {
      await kernel.run(ops);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const refused = error.at(indexes[error.index] ?? 0);
      if (first === undefined || refused.index < first.index) first = refused;
    }
  });
  // Nobody goes on while another place is still at work.
  const ends = await Promise.allSettled(runs);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  if (first !== undefined) throw first;
}

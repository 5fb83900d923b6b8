import { type HtbClass, type Qdisc, type TcHandle, tcHandle } from "@gona/kernel";
import { bitsPerSecond, bytes, nanoseconds } from "@gona/model";
import {
  type ClassShape,
  classMinor,
  HOST_MINOR,
  INNER_QUANTUM,
  innerMinor,
  pacerMinor,
  type QueueTree,
  ROOT_MINOR,
  type SliceQueue,
} from "@gona/planner";
import { Limit } from "./abi.ts";

/** The kernel counts bursts in ticks of 64 ns (PSCHED_SHIFT 6). */
export const TICK_NS = 64;
/** Of classes whose quantum decides nothing: explicit, as the kernel warns of the one it would derive. */
const IDLE_QUANTUM_BYTES = 65_536;
/** HTB takes no rate of 0. A paced slice's class has this one of its own, so that it always asks its pacer. */
const PACED_BYTES_PER_SECOND = 1;
const PACED_TICKS = 1;

/** Our HTB's own handle. */
export const HTB_HANDLE: TcHandle = tcHandle(Limit.HTB_MAJOR, 0);
export const ROOT_CLASS: TcHandle = tcHandle(Limit.HTB_MAJOR, ROOT_MINOR);
export const HOST_CLASS: TcHandle = tcHandle(Limit.HTB_MAJOR, HOST_MINOR);
/** `part` 0: the slice itself, where it holds packets. */
export const sliceClass = (vifSlot: number, part = 0): TcHandle => tcHandle(Limit.HTB_MAJOR, classMinor(vifSlot, part));
/** The class of a slice that has parts. */
export const innerClass = (vifSlot: number): TcHandle => tcHandle(Limit.HTB_MAJOR, innerMinor(vifSlot));
export const pacerClass = (vifSlot: number): TcHandle => tcHandle(Limit.HTB_MAJOR, pacerMinor(vifSlot));
/**
 * A leaf's major is its class's minor, so never that of another. The kernel's own choices begin at
 * 0x8001, which slot 4095 reaches with its parts; it chooses none that is taken on the link.
 */
export const leafHandle = (classid: TcHandle): TcHandle => tcHandle(classid & 0xffff, 0);

/** Packets of the queue for what finds no class: none while the host's class stands. */
export const HTB_QDISC = {
  kind: "htb",
  defaultMinor: HOST_MINOR,
  directQueueLength: 1000,
} as const satisfies Qdisc;

export const toHtbClass = (shape: ClassShape): HtbClass => ({
  rateBytesPerSecond: shape.rate / 8,
  ceilBytesPerSecond: shape.ceil / 8,
  bufferTicks: shape.burst / TICK_NS,
  cbufferTicks: shape.ceilBurst / TICK_NS,
  // A NIC that carries it out takes none (mlx5), and the kernel then makes one up that nobody uses.
  quantumBytes: shape.offload ? 0 : shape.quantum,
  priority: shape.priority,
  ...(shape.overhead === undefined ? {} : { overheadBytes: shape.overhead }),
});

export const fromHtbClass = (htb: HtbClass): ClassShape => ({
  rate: bitsPerSecond(htb.rateBytesPerSecond * 8),
  ceil: bitsPerSecond(htb.ceilBytesPerSecond * 8),
  burst: nanoseconds(htb.bufferTicks * TICK_NS),
  ceilBurst: nanoseconds(htb.cbufferTicks * TICK_NS),
  quantum: htb.offload ? INNER_QUANTUM : bytes(htb.quantumBytes),
  priority: htb.priority,
  ...(htb.offload && { offload: htb.offload }),
  ...(htb.overheadBytes === undefined ? {} : { overhead: bytes(htb.overheadBytes) }),
});

/**
 * The classes of a slice: what is assured goes to the pacer where there is one, the limit stays. HTB uses
 * neither quantum nor priority of the one above parts.
 */
export function toSliceClasses(slice: ClassShape & Pick<SliceQueue, "pace">): {
  readonly own: HtbClass;
  readonly inner: HtbClass;
  readonly pacer?: HtbClass;
} {
  const { own, pacer } = ownAndPacer(slice);
  const inner = { ...own, quantumBytes: slice.offload ? 0 : INNER_QUANTUM, priority: 0 };
  return { own, inner, ...(pacer && { pacer }) };
}

function ownAndPacer(slice: ClassShape & Pick<SliceQueue, "pace">): {
  readonly own: HtbClass;
  readonly pacer?: HtbClass;
} {
  const own = toHtbClass(slice);
  const { pace, rate, burst, overhead } = slice;
  if (pace === undefined) return { own };
  return {
    own: { ...own, rateBytesPerSecond: PACED_BYTES_PER_SECOND, bufferTicks: PACED_TICKS },
    pacer: toHtbClass({
      rate,
      burst,
      ceil: pace.rate,
      ceilBurst: pace.burst,
      quantum: bytes(IDLE_QUANTUM_BYTES),
      priority: 0,
      ...(overhead === undefined ? {} : { overhead }),
    }),
  };
}

/** The shape of a paced slice; undefined for classes that toSliceClasses does not make. */
export function fromPacedClasses(own: HtbClass, pacer: HtbClass): (ClassShape & Pick<SliceQueue, "pace">) | undefined {
  if (own.rateBytesPerSecond !== PACED_BYTES_PER_SECOND || own.bufferTicks !== PACED_TICKS) return undefined;
  if (pacer.quantumBytes !== IDLE_QUANTUM_BYTES || pacer.priority !== 0) return undefined;
  if (pacer.overheadBytes !== own.overheadBytes) return undefined;
  const above = fromHtbClass(pacer);
  return {
    ...fromHtbClass({ ...own, rateBytesPerSecond: pacer.rateBytesPerSecond, bufferTicks: pacer.bufferTicks }),
    pace: { rate: above.ceil, burst: above.ceilBurst },
  };
}

/** A part as the kernel has it: with the slice's limit as its own, at the slice's pace. */
export const atPace = <T extends ClassShape>(part: T, { ceil, pace }: Pick<SliceQueue, "ceil" | "pace">): T =>
  pace !== undefined && part.ceil === ceil ? { ...part, ceil: pace.rate } : part;

/** The reverse: no limit of a part's own is above its slice's. */
export const fromPace = <T extends ClassShape>(part: T, { ceil, pace }: Pick<SliceQueue, "ceil" | "pace">): T =>
  pace !== undefined && part.ceil === pace.rate ? { ...part, ceil } : part;

/** The class that all others of a NIC borrow from. */
export const toRootClass = ({ rate, burst, overhead, offload }: Omit<QueueTree, "host">): HtbClass =>
  toHtbClass({
    rate,
    ceil: rate,
    burst,
    ceilBurst: burst,
    quantum: bytes(IDLE_QUANTUM_BYTES),
    priority: 0,
    ...(overhead === undefined ? {} : { overhead }),
    ...(offload && { offload }),
  });

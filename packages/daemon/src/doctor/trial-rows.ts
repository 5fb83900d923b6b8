import type { DoctorRow } from "@gona/api";
import { type KernelOp, type Qdisc, TC_CLSACT, TC_ROOT, tcHandle } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { FQ_CODEL_TRIAL } from "../fq-codel-trial.ts";

type KernelPackage = typeof import("@gona/kernel");

const DEBIAN = "Debian's own kernels (6.1 and newer) have it";
const ROOT = tcHandle(0xa09a, 0);
const SLICE = tcHandle(0xa09a, 8);

/** What is tried, each on the link `doctor0`, in this order: later ones stand on earlier ones. */
interface Trial {
  readonly check: string;
  readonly ops: readonly KernelOp[];
  readonly found: string;
  /** GONA works without it. */
  readonly optional?: string;
}

const leaf = (qdisc: Qdisc): KernelOp => ({
  op: "qdiscReplace",
  link: "doctor0",
  parent: SLICE,
  handle: tcHandle(0x10, 0),
  qdisc,
});

const TRIALS: readonly Trial[] = [
  {
    check: "veth",
    ops: [
      {
        op: "vethCreate",
        link: "doctor0",
        peer: { netns: "", name: "doctor1", mac: "02:00:00:00:00:01", addresses: [] },
      },
      { op: "linkSet", link: "doctor0", up: true },
    ],
    found: "a veth pair",
  },
  {
    check: "htb",
    ops: [
      {
        op: "qdiscReplace",
        link: "doctor0",
        parent: TC_ROOT,
        handle: ROOT,
        qdisc: { kind: "htb", defaultMinor: 2, directQueueLength: 1 },
      },
      {
        op: "classReplace",
        link: "doctor0",
        parent: ROOT,
        classid: SLICE,
        htb: {
          rateBytesPerSecond: 125e6,
          ceilBytesPerSecond: 125e6,
          bufferTicks: 78_125,
          cbufferTicks: 78_125,
          quantumBytes: 65_536,
          priority: 0,
        },
      },
    ],
    found: "a class of 1 Gbit/s",
  },
  { check: "bfifo", ops: [leaf({ kind: "bfifo", limitBytes: 150_000 })], found: "a leaf of 150 kB" },
  {
    check: "tbf",
    ops: [leaf({ kind: "tbf", rateBytesPerSecond: 6.25e9, bufferTicks: 16, limitBytes: 150_000 })],
    found: "a leaf that cuts GSO packets",
  },
  {
    check: "fq_codel",
    ops: [leaf(FQ_CODEL_TRIAL)],
    found: "a leaf that keeps latency goals",
    optional: "latency goals are kept by the BPF program; modprobe sch_fq_codel where the kernel has it as a module",
  },
  {
    check: "fq",
    ops: [leaf({ kind: "fq", limitPackets: 10_000, flowLimitPackets: 100 })],
    found: "a qdisc that keeps departure times",
    optional: "no NIC can have shaper: edt; modprobe sch_fq where the kernel has it as a module",
  },
  {
    check: "macvtap",
    ops: [
      {
        op: "macvtapCreate",
        link: "doctor2",
        lower: "doctor0",
        mode: "bridge",
        mac: "02:00:00:00:00:03",
        alias: "a trial",
      },
    ],
    found: "for slices with path: macvtap",
    optional: "only slices with path: macvtap need it; modprobe macvtap where the kernel has it as a module",
  },
  {
    check: "clsact",
    ops: [
      {
        op: "qdiscReplace",
        link: "doctor0",
        parent: TC_CLSACT,
        handle: tcHandle(0xffff, 0),
        qdisc: { kind: "clsact" },
      },
    ],
    found: "the hook for BPF",
  },
];

/** The kernel's own words; the operation in front of them is ours, and long. */
function words(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return /: (E[A-Z0-9]+\b.*)$/.exec(line)?.[1] ?? line;
}
const hintOf = (error: unknown): string | undefined => (error instanceof GonaError ? error.detail.hint : undefined);

/** Loads GONA's own object, in which alone lies the proof that the verifier takes it. */
function bpfRow(
  kernel: KernelPackage,
  objectPath: string,
): { row: DoctorRow; object?: ReturnType<KernelPackage["loadBpfObject"]> } {
  try {
    const object = kernel.loadBpfObject(objectPath);
    return {
      object,
      row: { check: "bpf", state: "ok", found: `${object.programs.size} programs and ${object.maps.size} maps load` },
    };
  } catch (error) {
    const remedy =
      hintOf(error) ??
      "a kernel with CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF, and CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN";
    return { row: { check: "bpf", state: "missing", found: words(error), remedy } };
  }
}

/**
 * Does in a namespace of its own, which is gone afterwards, what the daemon will do in the hub. A
 * trial says more than a list of modules: those are loaded when they are asked for.
 */
export async function trialRows(kernel: KernelPackage, objectPath: string): Promise<readonly DoctorRow[]> {
  const netns = `gona-doctor-${process.pid}`;
  const rows: DoctorRow[] = [];
  try {
    kernel.createNamespace(netns);
  } catch (error) {
    const remedy = "run on a machine or VM of its own, or in a privileged container";
    return [{ check: "namespaces", state: "missing", found: words(error), remedy }];
  }
  try {
    rows.push({ check: "namespaces", state: "ok", found: "a network namespace of its own" });
    using inside = kernel.LinuxKernel.open({ netns });
    for (const { check, ops, found, optional } of TRIALS) {
      const placed = ops.map((op) => (op.op === "vethCreate" ? { ...op, peer: { ...op.peer, netns } } : op));
      try {
        await inside.run(placed);
        rows.push({ check, state: "ok", found });
      } catch (error) {
        rows.push({
          check,
          state: optional === undefined ? "missing" : "advice",
          found: words(error),
          remedy: optional ?? DEBIAN,
        });
      }
    }
    const bpf = bpfRow(kernel, objectPath);
    rows.push(bpf.row);
    if (bpf.object !== undefined) {
      using object = bpf.object;
      inside.useBpf(object);
      try {
        await inside.run([
          { op: "filterReplace", link: "doctor0", preference: 1, program: "gona_from_guest", classid: 1 },
        ]);
        rows.push({ check: "cls_bpf", state: "ok", found: "a program at a link's ingress" });
      } catch (error) {
        rows.push({ check: "cls_bpf", state: "missing", found: words(error), remedy: DEBIAN });
      }
    }
    return rows;
  } finally {
    kernel.deleteNamespace(netns);
  }
}

/** Rows for a process that may not try. */
export const untriedRows = (): readonly DoctorRow[] =>
  ["namespaces", ...TRIALS.map(({ check }) => check), "bpf", "cls_bpf"].map((check) => ({
    check,
    state: "untried",
    found: "needs the capabilities above",
  }));

import { fileURLToPath } from "node:url";
import { node24, QUIET_NODE } from "./node-24.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

const SBIN = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Tried in a network namespace of its own. */
const FEATURES = [
  { name: "veth links", command: "ip link add gona-a type veth peer name gona-b" },
  { name: "the HTB queueing discipline", command: "tc qdisc add dev lo root handle 1: htb" },
  { name: "the clsact hook for BPF", command: "tc qdisc add dev lo clsact" },
];

/**
 * What stands between this process and a data path, found by trying: rights, namespaces, queueing disciplines, BPF.
 * Empty when nothing does. Set-up has to be done before (the BPF object, Node 24).
 * @returns {Promise<SetUpError[]>}
 */
export async function kernelLacks() {
  if (process.platform !== "linux")
    return [new SetUpError(`GONA's data path needs Linux; this is ${process.platform}`)];
  if (process.getuid?.() !== 0)
    return [new SetUpError("only root may make namespaces and load BPF programs", { hint: "run again as root" })];
  const namespaces = await runCommand(["unshare", "--net", "--mount", "--pid", "--fork", "true"], { env: SBIN });
  if (namespaces.code !== 0)
    return [
      new SetUpError("this root may not make namespaces (a container without CAP_SYS_ADMIN?)", {
        hint: "run on a machine or VM of its own, or in a privileged container",
        detail: lastWords(namespaces.output, 2),
      }),
    ];
  const lacks = [];
  for (const { name, command } of FEATURES) {
    const { code, output } = await runCommand(["unshare", "--net", "sh", "-c", command], { env: SBIN });
    if (code !== 0)
      lacks.push(
        new SetUpError(`this kernel has no ${name.replace(/^the /, "")}`, {
          hint: "Debian's own kernels (6.1 and newer) have it",
          detail: lastWords(output, 2),
        }),
      );
  }
  const probe = fileURLToPath(new URL("probe-bpf.mjs", import.meta.url));
  const bpf = await runCommand([node24(), QUIET_NODE, probe]);
  if (bpf.code !== 0)
    lacks.push(
      new SetUpError("this kernel does not take GONA's BPF programs", {
        hint: "Linux 6.1 or newer with CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF, and CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN",
        detail: lastWords(bpf.output, 6),
      }),
    );
  return lacks;
}

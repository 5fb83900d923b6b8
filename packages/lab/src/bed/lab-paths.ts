import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { domainNamespace } from "@gona/kernel";

/** Labs of this machine, one directory each: pid files, the daemon's run dir, logs. */
export const LABS_DIR = "/run/gona-lab";

/** The checkout's (or the installed package's) root, where `gona` is. */
export const REPOSITORY = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));

export interface LabPaths {
  readonly root: string;
  /** Who owns the lab, and which namespaces are its. */
  readonly record: string;
  /** One file per child process, named by its pid. */
  readonly children: string;
  readonly spec: string;
  /** Of Open vSwitch processes, a directory each. */
  readonly ovs: string;
  readonly logs: string;
  /** A bpffs with the lab's own programs and maps. */
  readonly bpf: string;
  readonly daemonRun: string;
  readonly daemonState: string;
}

export function labPaths(lab: string): LabPaths {
  const root = join(LABS_DIR, lab);
  return {
    root,
    record: join(root, "lab.json"),
    children: join(root, "children"),
    spec: join(root, "spec.yaml"),
    ovs: join(root, "ovs"),
    logs: join(root, "logs"),
    bpf: join(root, "bpf"),
    daemonRun: join(root, "daemon"),
    daemonState: join(root, "state"),
  };
}

/** `gona-<lab>-hub`, `-sw-<fabric>`, `-peer-<name>`, `-guest-<name>`: a name nobody else makes. */
export const hubNetns = (lab: string): string => `gona-${lab}-hub`;
/** Of a driver domain in that hub, as the daemon names it. */
export const domainNetns = (lab: string, domain: string): string => domainNamespace(domain, hubNetns(lab));
export const switchNetns = (lab: string, fabric: string): string => `gona-${lab}-sw-${fabric}`;
export const peerNetns = (lab: string, peer: string): string => `gona-${lab}-peer-${peer}`;
export const guestNetns = (lab: string, guest: string): string => `gona-${lab}-guest-${guest}`;

/** Whether a namespace is one of that lab's. `quick` does not own what `quick-start` made. */
export function isOfLab(lab: string, netns: string): boolean {
  const rest = netns.startsWith(`gona-${lab}-`) ? netns.slice(`gona-${lab}-`.length) : "";
  return /^(?:hub(?:$|\.)|sw-|peer-|guest-)/.test(rest);
}

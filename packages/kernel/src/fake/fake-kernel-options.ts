import type { FakeMapDefinition } from "./fake-map.ts";

/** What a fake kernel begins with. */
export interface FakeKernelOptions {
  readonly maps?: readonly FakeMapDefinition[];
  /** Programs of the BPF object; `filterReplace` knows no others. */
  readonly programs?: readonly string[];
  /** What this namespace is called by `linkMove`; `hub` unless given. */
  readonly netns?: string;
  /** Names below /run/netns. */
  readonly namespaces?: readonly string[];
  /** Possible CPUs, for per-CPU maps. */
  readonly cpus?: number;
}

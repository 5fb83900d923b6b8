// Under Node 24: loads GONA's BPF object, as the daemon would; exit 1 with the kernel's words when it may not.
import { loadBpfObject } from "@gona/kernel";
import { inBuild } from "./paths.mjs";

try {
  loadBpfObject(inBuild("bpf", "gona.bpf.o"))[Symbol.dispose]();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

import { join } from "node:path";
import { root } from "./paths.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

/** Compiles bpf/ when its sources have changed: build-bpf.mjs knows, and takes about a second. Throws SetUpError. */
export async function ensureBpfObject() {
  const started = Date.now();
  const result = await runCommand([process.execPath, join(root, "scripts", "build-bpf.mjs")]);
  if (result.code !== 0)
    throw new SetUpError("the BPF programs could not be compiled", { detail: lastWords(result.output, 20) });
  if (/: built$/m.test(result.output))
    console.log(`✓ BPF programs compiled (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

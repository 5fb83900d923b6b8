import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GonaError } from "@gona/model";

/** The BPF object of this checkout. Throws NO_LIBRARY where it was not built. */
export function findObject(): string {
  const path = fileURLToPath(new URL("../../../build/bpf/gona.bpf.o", import.meta.url));
  if (existsSync(path)) return path;
  throw new GonaError("NO_LIBRARY", `the BPF object ${path} is missing`, { hint: "run `npm run setup`" });
}

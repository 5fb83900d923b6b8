import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GonaError } from "@gona/model";

/** A BPF object of this checkout: the data path, or the watch on carriers. Throws NO_LIBRARY where it was not built. */
export function findObject(name: "gona" | "gona_carriers" = "gona"): string {
  const path = fileURLToPath(new URL(`../../../build/bpf/${name}.bpf.o`, import.meta.url));
  if (existsSync(path)) return path;
  throw new GonaError("NO_LIBRARY", `the BPF object ${path} is missing`, { hint: "run `npm run setup`" });
}

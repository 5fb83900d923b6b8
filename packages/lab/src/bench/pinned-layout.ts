import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LabPaths } from "../bed/lab-paths.ts";

/** Where a lab's daemon pins its maps: a directory named after their layout. Throws RangeError before it has. */
export function pinnedLayout({ daemonRun }: LabPaths): string {
  const [layout] = readdirSync(join(daemonRun, "bpf"));
  if (layout === undefined) throw new RangeError(`no maps are pinned below ${daemonRun}`);
  return join(daemonRun, "bpf", layout);
}

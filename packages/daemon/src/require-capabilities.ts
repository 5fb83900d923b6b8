import { missingCapabilities } from "@gona/kernel";
import { GonaError } from "@gona/model";

/** Throws NO_CAPABILITY with the names of what is missing. */
export function requireCapabilities(): void {
  const missing = missingCapabilities();
  if (missing.length === 0) return;
  const names = missing.map((name) => `CAP_${name}`).join(", ");
  throw new GonaError("NO_CAPABILITY", `the daemon needs ${names}`, { hint: "run it as root" });
}

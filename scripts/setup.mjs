// npm run setup: Debian packages, npm packages (Node 24 among them) and the BPF object; nothing is done twice.
// With `-- --domains` also the kernel that driver domains with isolation vm boot.
import { ensureDomainKernel } from "./lib/guest-kernel.mjs";
import { setUp } from "./lib/set-up.mjs";
import { SetUpError } from "./lib/set-up-error.mjs";

const started = Date.now();
const lacks = await setUp("test");
if (process.argv.includes("--domains")) {
  await ensureDomainKernel().catch((error) => {
    if (!(error instanceof SetUpError)) throw error;
    lacks.set("debian", error);
  });
}
for (const lack of lacks.values()) console.error(lack.report());
if (lacks.size === 0) console.log(`✓ set up (${((Date.now() - started) / 1000).toFixed(1)} s)`);
process.exitCode = lacks.size === 0 ? 0 : 4;

// npm run setup: Debian packages, npm packages (Node 24 among them) and the BPF object; nothing is done twice.
import { setUp } from "./lib/set-up.mjs";

const started = Date.now();
const lacks = await setUp("test");
for (const lack of lacks.values()) console.error(lack.report());
if (lacks.size === 0) console.log(`✓ set up (${((Date.now() - started) / 1000).toFixed(1)} s)`);
process.exitCode = lacks.size === 0 ? 0 : 4;

// npm run lock: after `npm install` changed package-lock.json, adds the builds for other machines that the registry
// in use did not have, so that `npm ci` takes the file everywhere. No-op when nothing is missing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { completeLock, missingOptionalEntries } from "./lib/lock-file.mjs";
import { root } from "./lib/paths.mjs";

const file = join(root, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = Object.keys(missingOptionalEntries(lock));
if (added.length > 0) writeFileSync(file, `${JSON.stringify(completeLock(lock), null, 2)}\n`);
console.log(added.length > 0 ? `package-lock.json: ${added.length} added` : "package-lock.json is complete");

// npm run lock: after `npm install` changed package-lock.json, makes it one that `npm ci` takes on every machine (see
// lib/lock-file.mjs). Changes nothing when it is that already.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { completeLock, entriesWithEngines, missingOptionalEntries } from "./lib/lock-file.mjs";
import { root } from "./lib/paths.mjs";

const file = join(root, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = Object.keys(missingOptionalEntries(lock)).length;
const freed = entriesWithEngines(lock).length;
if (added + freed > 0) writeFileSync(file, `${JSON.stringify(completeLock(lock), null, 2)}\n`);
console.log(`package-lock.json: ${added} entries added, ${freed} freed of engines`);

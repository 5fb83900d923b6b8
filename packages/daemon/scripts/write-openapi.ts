/** Writes docs/openapi.json: node packages/daemon/scripts/write-openapi.ts */
import { writeFileSync } from "node:fs";
import { openApiDocument } from "../src/openapi.ts";

const path = new URL("../../../docs/openapi.json", import.meta.url);
writeFileSync(path, `${JSON.stringify(await openApiDocument(), null, 2)}\n`);

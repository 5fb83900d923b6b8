/** Writes the docs that are generated from code: `node scripts/generate-docs.ts` (Node 24). Tests prove them fresh. */
import { writeFileSync } from "node:fs";
import { commandJsonSchema } from "../packages/api/src/index.ts";
import { errorsMarkdown, specJsonSchema } from "../packages/model/src/index.ts";

const docs = new URL("../docs/", import.meta.url);
writeFileSync(new URL("spec.schema.json", docs), specJsonSchema());
writeFileSync(new URL("errors.md", docs), errorsMarkdown());
writeFileSync(new URL("cli.schema.json", docs), commandJsonSchema());

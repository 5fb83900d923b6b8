import { readFileSync } from "node:fs";
import { ROUTES } from "@gona/api";
import { expect, test } from "vitest";
import { openApiDocument } from "../src/openapi.ts";

test("docs/openapi.json is what the schemas say; node packages/daemon/scripts/write-openapi.ts writes it anew", async () => {
  const written: unknown = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"));
  const made = (await openApiDocument()) as { paths: object };
  expect(written).toEqual(JSON.parse(JSON.stringify(made)));
  expect(Object.keys(made.paths).sort()).toEqual([...new Set(Object.values(ROUTES).map((r) => r.path))].sort());
});

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSpec } from "@gona/model";
import { admit } from "@gona/planner";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/dependencies.md"];
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("the spec that the README shows is good and fits", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(read("README.md"))?.[1] ?? "";
  expect(admit(parseSpec(yaml, { file: "README.md" }).spec)).toEqual([]);
});

test.each(DOCUMENTS)("%s links only to what is there", (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? "");
  const folder = dirname(join(root, document));
  expect(links.filter((link) => !existsSync(join(folder, link)))).toEqual([]);
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CATALOGUE, errorsMarkdown, parseSpec, specJsonSchema, unsupported } from "../src/index.ts";

const doc = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

describe("docs (write them anew by `node scripts/generate-docs.ts`)", () => {
  it("spec.schema.json is that of the zod schema", () => {
    expect(doc("spec.schema.json")).toBe(specJsonSchema());
  });

  it("errors.md holds every code of the catalogue and no other", () => {
    expect(doc("errors.md")).toBe(errorsMarkdown());
    const codes = [...doc("errors.md").matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);
    expect(codes).toEqual(Object.keys(ERROR_CATALOGUE));
  });

  const examples = [...doc("spec.md").matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);

  it("spec.md has examples", () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it.each(examples.map((text, i) => [i, text] as const))("example %i of spec.md is good", (_, text) => {
    const { spec } = parseSpec(text, { file: "docs/spec.md" });
    const ahead = text.startsWith("# not executed yet\n");
    expect(unsupported(spec).length > 0, "its first line says whether it is executed").toBe(ahead);
  });
});

import { z } from "zod";
import { SpecSchema } from "../spec/spec-schema.ts";

/** The JSON Schema of the spec language, as docs/spec.schema.json holds it. Editors check and complete specs by it. */
export function specJsonSchema(): string {
  const schema = z.toJSONSchema(SpecSchema, { io: "input", target: "draft-2020-12" });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

import swagger from "@fastify/swagger";
import { errorBodySchema, ROUTES, type Route } from "@gona/api";
import { fastify } from "fastify";
import { z } from "zod";
import { readVersion } from "./version.ts";

/** The route table as an OpenAPI 3.1 document; docs/openapi.json is this, and a test keeps it so. */
export async function openApiDocument(): Promise<object> {
  const server = fastify();
  // Nothing is served: the schemas are there to be described.
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => () => "");
  await server.register(swagger, {
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) => (typeof $id === "string" ? $id : `schema${index}`),
    },
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "GONA",
        version: readVersion(),
        description: "Served on the unix socket gona.sock in the run dir.",
      },
    },
  });
  server.addSchema({ $id: "Error", ...schemaOf(errorBodySchema, "output") });
  for (const [name, route] of Object.entries(ROUTES)) describeRoute(server, name, route);
  await server.ready();
  try {
    return server.swagger();
  } finally {
    await server.close();
  }
}

function describeRoute(server: ReturnType<typeof fastify>, name: string, route: Route): void {
  const { method, path, summary, query, body, reply } = route;
  const content = reply === "text" ? { "text/plain": { schema: { type: "string" } } } : json(schemaOf(reply, "output"));
  server.route({
    method,
    url: path,
    schema: {
      operationId: name,
      summary,
      ...(query && { querystring: schemaOf(query, "input") }),
      ...(body && { body: schemaOf(body, "input") }),
      response: {
        200: { description: "Done", content },
        default: { description: "An error of docs/errors.md", content: json({ $ref: "Error#" }) },
      },
    },
    handler: () => undefined,
  });
}

const json = (schema: object) => ({ "application/json": { schema } });

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

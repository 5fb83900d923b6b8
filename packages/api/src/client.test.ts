import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GonaError, SpecErrors } from "@gona/model";
import { expect, test } from "vitest";
import { GonaClient } from "./client.ts";
import { httpStatusOf, toErrorBody } from "./error-body.ts";
import { formatSse, readSse, SSE_KEEPALIVE } from "./sse.ts";

async function daemon(listener: RequestListener) {
  const runDir = mkdtempSync(join(tmpdir(), "gona-api-"));
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(join(runDir, "gona.sock"), done));
  return {
    client: new GonaClient({ runDir }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(runDir, { recursive: true });
    },
  };
}

test("a run dir without a socket says that no daemon can be reached", async () => {
  const client = new GonaClient({ runDir: "/nonexistent/gona" });
  await expect(client.status()).rejects.toMatchObject({ code: "DAEMON_UNREACHABLE", exitCode: 3 });
});

test("an error of the daemon keeps code, place, hint and cause", async () => {
  const detail = { location: { file: "h.yaml", line: 3, column: 5, path: "nics[0]" }, found: "1G", allowed: "a rate" };
  const sent = new GonaError("SPEC_INVALID", "no unit", detail, { cause: new Error("kernel said no") });
  await using server = await daemon((_request, response) => {
    response.writeHead(httpStatusOf(sent)).end(JSON.stringify(toErrorBody(sent)));
  });
  const error = await server.client.apply({ text: "x" }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "SPEC_INVALID", message: "no unit", detail, exitCode: 2 });
  expect((error as Error).cause).toMatchObject({ message: "kernel said no" });
});

test("several spec errors arrive as several", async () => {
  const sent = new SpecErrors([new GonaError("SPEC_INVALID", "one"), new GonaError("SPEC_REFERENCE", "two")]);
  await using server = await daemon((_request, response) => {
    response.writeHead(422).end(JSON.stringify(toErrorBody(sent)));
  });
  const error = await server.client.check({ text: "x" }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(SpecErrors);
  expect((error as SpecErrors).errors.map((e) => e.code)).toEqual(["SPEC_INVALID", "SPEC_REFERENCE"]);
});

test("a reply that does not fit its schema is an error, not a guess", async () => {
  await using server = await daemon((_request, response) => {
    response.writeHead(200).end(JSON.stringify({ converged: "yes" }));
  });
  await expect(server.client.status()).rejects.toThrow(/converged/);
});

test("events are followed one by one, wherever the stream is cut", async () => {
  const event = (id: number) => ({
    id,
    at: "2026-01-01T00:00:00.000Z",
    kind: "nic-down" as const,
    message: "no carrier",
  });
  await using server = await daemon((request, response) => {
    expect(request.url).toBe("/v1/events?after=4&follow=1");
    const whole = formatSse(5, event(5)) + SSE_KEEPALIVE + formatSse(6, event(6));
    response.writeHead(200);
    response.write(whole.slice(0, 40), () => response.end(whole.slice(40)));
  });
  const ids: number[] = [];
  for await (const { id } of server.client.followEvents({ after: 4 })) ids.push(id);
  expect(ids).toEqual([5, 6]);
});

test("a daemon that goes while its answer is read cannot be reached any more", async () => {
  await using server = await daemon((_request, response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("[", () => response.destroy());
  });
  const gone = { code: "DAEMON_UNREACHABLE", exitCode: 3 };
  await expect(server.client.events()).rejects.toMatchObject(gone);
  await expect(server.client.followEvents().next()).rejects.toMatchObject(gone);
});

test("a stream may be cut within the blank line", async () => {
  async function* chunks() {
    yield* ["id: 1\ndata: 1\n", "\nid: 2\nda", "ta: 2\n\n"];
  }
  const data: string[] = [];
  for await (const one of readSse(chunks())) data.push(one);
  expect(data).toEqual(["1", "2"]);
});

/** One server-sent event: `id`, and `data` as a single line of JSON. */
export const formatSse = (id: number, data: unknown): string => `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
/** A comment that keeps a silent stream alive; readers skip it. */
export const SSE_KEEPALIVE = ": alive\n\n";

/** The `data` of each event of a stream, as it comes; lines may be cut anywhere. */
export async function* readSse(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    rest += chunk;
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:"));
      if (data.length > 0) yield data.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}

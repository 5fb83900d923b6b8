import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { buildBpf } from "../../../scripts/build-bpf.mjs";
import { KernelError, loadBpfObject, RingBuffer } from "../src/index.ts";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "fixtures/ring.bpf.c");
const { path } = buildBpf({ source, output: join(here, "../../../build/test/ring.bpf.o") });
const RECORD_BYTES = 12;

test("records arrive in the order in which a program wrote them, whole", async () => {
  using object = loadBpfObject(path);
  const marks: number[] = [];
  const all = Promise.withResolvers<void>();
  using _ring = new RingBuffer(object.map("ring"), (record) => {
    expect(record.length).toBe(RECORD_BYTES);
    marks.push(new DataView(record.buffer).getUint32(0, true));
    if (marks.length === 20) all.resolve();
  });
  const tell = (mark: number) => object.program("ring_tell").testRun({ packet: new Uint8Array(14), context: { mark } });
  for (let mark = 1; mark <= 10; mark++) expect(tell(mark).returned).toBe(0);
  await new Promise((resolve) => setImmediate(resolve));
  for (let mark = 11; mark <= 20; mark++) expect(tell(mark).returned).toBe(0);
  await all.promise;
  expect(marks).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("a full ring refuses records and goes on once it was read", async () => {
  using object = loadBpfObject(path);
  const tell = () => object.program("ring_tell").testRun({ packet: new Uint8Array(14) }).returned;
  let written = 0;
  while (tell() === 0) written++;
  const all = Promise.withResolvers<void>();
  let read = 0;
  using _ring = new RingBuffer(object.map("ring"), () => {
    if (++read === written + 1) all.resolve();
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  while (read < written) await new Promise((resolve) => setImmediate(resolve));
  expect(tell()).toBe(0);
  await all.promise;
});

test("a reader may close the ring from within", async () => {
  using object = loadBpfObject(path);
  const seen = Promise.withResolvers<void>();
  let count = 0;
  const ring = new RingBuffer(object.map("ring"), () => {
    count++;
    ring[Symbol.dispose]();
    seen.resolve();
  });
  const run = () => object.program("ring_tell").testRun({ packet: new Uint8Array(14) });
  run();
  run();
  await seen.promise;
  expect(count).toBe(1);
});

test("another kind of map is refused", () => {
  using object = loadBpfObject(path);
  expect(() => new RingBuffer(object.map("no_ring"), () => undefined)).toThrow(KernelError);
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GonaError } from "@gona/model";
import { expect, test } from "vitest";
import { buildBpf } from "../../../scripts/build-bpf.mjs";
import { libbpf } from "../src/bpf/libbpf.ts";
import { mountBpffs, unmountBpffs } from "../src/host/bpffs.ts";
import { type BpfObject, type LoadOptions, loadBpfObject, openPinned, recoverFromProgram } from "../src/index.ts";

const here = dirname(fileURLToPath(import.meta.url));

function fixture(name: string): string {
  const source = join(here, "fixtures", `${name}.bpf.c`);
  return buildBpf({ source, output: join(here, "../../../build/test", `${name}.bpf.o`) }).path;
}

const tiny = (options?: LoadOptions): BpfObject => loadBpfObject(fixture("tiny"), options);
const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

function bpffs(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "gona-l-bpf-"));
  mountBpffs(path);
  return {
    path,
    [Symbol.dispose]() {
      unmountBpffs(path);
      rmSync(path, { recursive: true });
    },
  };
}

function errorOf(work: () => unknown): GonaError {
  try {
    work();
  } catch (error) {
    if (error instanceof GonaError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}

test("a program runs with the context and constants that it is given", () => {
  using object = tiny({ rodata: { tiny_answer: 4_000_000_000, tiny_step: 3 } });
  const packet = Uint8Array.from({ length: 60 }, (_, index) => index);
  const output = object.program("tiny_mark").testRun({ packet, context: { ifindex: 1, mark: 5 }, repeat: 4 });
  expect(output.returned).toBe(0);
  expect(output.context).toEqual({ mark: 4_000_000_000, priority: 1 });
  expect(output.packet).toEqual(packet.with(0, 0xab));
  const perCpu = object.map("tiny_counters_long_name").get(u32(0)) ?? new Uint8Array();
  expect(perCpu.length).toBe(8 * libbpf().possibleCpus());
  const counts = new BigUint64Array(perCpu.buffer);
  expect(counts.reduce((sum, count) => sum + count, 0n)).toBe(12n);
});

test("constants keep their initial values where none are given", () => {
  using object = tiny();
  expect(object.program("tiny_mark").testRun({ packet: new Uint8Array(14) }).context.mark).toBe(7);
});

test("a constant that does not exist or does not fit is refused before the load", () => {
  expect(errorOf(() => tiny({ rodata: { nonsense: 1 } })).message).toContain("nonsense");
  expect(() => tiny({ rodata: { tiny_step: 256 } })).toThrow(RangeError);
});

test("maps are read, written and listed, batches of any size", () => {
  using object = tiny();
  const hash = object.map("tiny_hash");
  const numbers = Array.from({ length: 5000 }, (_, index) => index);
  hash.putBatch(numbers.map(u64), numbers.map(u32));
  expect(new Map(Array.from(hash.entries(), ([key, value]) => [key.join(), value.join()])).size).toBe(5000);
  expect(hash.get(u64(4999))).toEqual(u32(4999));
  expect(hash.delete(u64(4999))).toBe(true);
  expect(hash.delete(u64(4999))).toBe(false);
  expect(hash.get(u64(4999))).toBeUndefined();
  expect(errorOf(() => hash.putBatch([5000, 5001].map(u64), [1, 1].map(u32))).message).toMatch(/tiny_hash: E2BIG/);
  const array = object.map("tiny_array");
  expect(Array.from(array.entries(), ([key]) => new Uint32Array(key.slice().buffer)[0])).toEqual(numbers.slice(0, 300));
  expect(array.get(u32(300))).toBeUndefined();
});

test("a key or value of another size is a mistake of ours, not the kernel's business", () => {
  using object = tiny();
  expect(() => object.map("tiny_hash").get(u32(1))).toThrow(RangeError);
  expect(() => object.map("tiny_hash").put(u64(1), u64(1))).toThrow(RangeError);
});

test("one value for a per-CPU map is every CPU's", () => {
  using object = tiny();
  const map = object.map("tiny_counters_long_name");
  map.put(u32(1), u32(9));
  const values = new BigUint64Array((map.get(u32(1)) ?? new Uint8Array()).buffer);
  expect([...values]).toEqual(Array.from(values, () => 9n));
});

test("pinned maps are used again by the next object, and keep what they hold", () => {
  using directory = bpffs();
  const pinDir = join(directory.path, "maps");
  {
    using object = tiny({ pinDir });
    object.map("tiny_hash").put(u64(1), u32(2));
  }
  expect(readdirSync(pinDir).sort()).toEqual(["tiny_array", "tiny_counters_long_name", "tiny_hash"]);
  using object = tiny({ pinDir });
  expect(object.map("tiny_hash").get(u64(1))).toEqual(u32(2));
  using pinned = openPinned(pinDir);
  expect(pinned.size).toBe(3);
  expect(pinned.find("tiny_counters_long_name")?.id).toBe(object.map("tiny_counters_long_name").id);
});

test("every map comes back from a program that holds them all, also under a cut name", () => {
  using first = tiny({ bindMaps: true });
  first.map("tiny_hash").put(u64(1), u32(2));
  // This program's code uses none of the hash and array.
  using recovered = recoverFromProgram(first.program("tiny_mark").id);
  expect(recovered?.size).toBe(3);
  using second = tiny({ bindMaps: true, ...(recovered === undefined ? {} : { reuse: recovered }) });
  expect(second.map("tiny_hash").get(u64(1))).toEqual(u32(2));
  expect(second.map("tiny_counters_long_name").id).toBe(first.map("tiny_counters_long_name").id);
  const { id } = first.program("tiny_mark");
  expect(second.program("tiny_mark").isAlike(id)).toBe(true);
  expect(second.program("tiny_maps").isAlike(id)).toBe(false);
  using other = tiny();
  expect(other.program("tiny_mark").isAlike(id)).toBe(false); // the same code over other maps
});

test("a map of another layout is refused, not used", () => {
  using directory = bpffs();
  using object = tiny();
  const pinDir = join(directory.path, "maps");
  mkdirSync(pinDir);
  libbpf().pinObject(object.map("tiny_array").fd, join(pinDir, "tiny_hash"));
  const error = errorOf(() => tiny({ pinDir }));
  expect(error.code).toBe("STATE_OF_OTHER_BUILD");
  expect(error.message).toContain("tiny_hash");
});

test("the verifier's last words are in the error, with the program's name", () => {
  const error = errorOf(() => loadBpfObject(fixture("refused")));
  expect(error.code).toBe("BPF_VERIFIER");
  expect(error.message).toContain("program tiny_refused");
  expect(error.message).toContain("invalid access to packet");
  expect(error.message).not.toContain("processed ");
});

test("a file that is missing or no BPF object is named", () => {
  expect(errorOf(() => loadBpfObject("/nowhere.bpf.o"))).toMatchObject({ code: "NOT_FOUND" });
  expect(errorOf(() => loadBpfObject(fileURLToPath(import.meta.url))).message).toContain("not a proper ELF object");
});

test("nothing stays open when objects come and go", () => {
  tiny()[Symbol.dispose]();
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 5; round++) {
    tiny()[Symbol.dispose]();
    errorOf(() => loadBpfObject(fixture("refused")));
  }
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

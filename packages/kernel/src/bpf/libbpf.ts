import { GonaError } from "@gona/model/gona-error";
import koffi, { type LibraryHandle } from "koffi";

/** A C pointer as koffi hands it over; null is C's NULL. */
export type Pointer = bigint;

/**
 * The functions of libbpf.so.1 that GONA calls. Each int is -errno on failure, as since libbpf 1.0;
 * after a NULL the reason is in errno.
 */
export interface Libbpf {
  objectOpen(path: string, options: Uint8Array | null): Pointer | null;
  objectLoad(object: Pointer): number;
  objectClose(object: Pointer): void;
  nextMap(object: Pointer, previous: Pointer | null): Pointer | null;
  nextProgram(object: Pointer, previous: Pointer | null): Pointer | null;
  mapName(map: Pointer): string;
  mapFd(map: Pointer): number;
  mapPin(map: Pointer, path: string): number;
  mapReuseFd(map: Pointer, fd: number): number;
  mapType(map: Pointer): number;
  mapKeySize(map: Pointer): number;
  mapValueSize(map: Pointer): number;
  mapMaxEntries(map: Pointer): number;
  /** The bytes that a global-data map starts with; writable until the load. */
  mapInitialValue(map: Pointer, size: BigUint64Array): Pointer | null;
  programName(program: Pointer): string;
  programFd(program: Pointer): number;
  getObject(path: string): number;
  pinObject(fd: number, path: string): number;
  programFdById(id: number): number;
  /** A descriptor that holds the program on the tracepoint. */
  openRawTracepoint(name: string, programFd: number): number;
  /** Makes a program hold a map that its code does not use; no error when it holds it already. */
  bindMap(programFd: number, mapFd: number, options: null): number;
  mapFdById(id: number): number;
  infoByFd(fd: number, info: Uint8Array, length: Uint32Array): number;
  lookup(fd: number, key: Uint8Array, value: Uint8Array): number;
  update(fd: number, key: Uint8Array, value: Uint8Array, flags: bigint | number): number;
  remove(fd: number, key: Uint8Array): number;
  nextKey(fd: number, key: Uint8Array | null, next: Uint8Array): number;
  lookupBatch(
    fd: number,
    from: Uint8Array | null,
    to: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: Uint32Array,
    options: null,
  ): number;
  updateBatch(fd: number, keys: Uint8Array, values: Uint8Array, count: Uint32Array, options: null): number;
  testRun(fd: number, options: Uint8Array): number;
  possibleCpus(): number;
  /** `onRecord` is a callback made by registerRecord. */
  ringNew(mapFd: number, onRecord: Pointer, context: null, options: null): Pointer | null;
  ringEpollFd(ring: Pointer): number;
  /** Calls `onRecord` for all that is there; the number of records. */
  ringConsume(ring: Pointer): number;
  ringFree(ring: Pointer): void;
  registerRecord(onRecord: (context: null, data: Pointer, size: number) => number): Pointer;
  /** `print` is a callback made by registerPrint. */
  setPrint(print: Pointer | null): Pointer | null;
  /** printf's formatting of a va_list, into `into`; returns the length that it would need. */
  format(into: Uint8Array, size: number, format: Pointer, args: Pointer): number;
  registerPrint(print: (level: number, format: Pointer, args: Pointer) => number): Pointer;
  unregister(callback: Pointer): void;
}

const LIBRARY = "libbpf.so.1";

function load(): Libbpf {
  let library: LibraryHandle;
  try {
    library = koffi.load(LIBRARY);
  } catch (cause) {
    const hint = "on Debian: apt-get install libbpf1";
    throw new GonaError("NO_LIBRARY", `${LIBRARY} cannot be loaded`, { hint }, { cause });
  }
  const libc = koffi.load("libc.so.6");
  const f = (name: string, result: string, parameters: string[]) => library.func(name, result, parameters);
  const map = { fd: "int", key: "void *", value: "void *" };
  // A va_list parameter is a pointer in both ABIs that GONA knows: x86-64 declares it as an array
  // of one, AArch64 passes a struct of 32 bytes by reference.
  const print = koffi.proto("int", ["int", "void *", "void *"]);
  const record = koffi.proto("int", ["void *", "void *", "size_t"]);
  return {
    objectOpen: f("bpf_object__open_file", "void *", ["str", "void *"]),
    objectLoad: f("bpf_object__load", "int", ["void *"]),
    objectClose: f("bpf_object__close", "void", ["void *"]),
    nextMap: f("bpf_object__next_map", "void *", ["void *", "void *"]),
    nextProgram: f("bpf_object__next_program", "void *", ["void *", "void *"]),
    mapName: f("bpf_map__name", "str", ["void *"]),
    mapFd: f("bpf_map__fd", "int", ["void *"]),
    mapPin: f("bpf_map__pin", "int", ["void *", "str"]),
    mapReuseFd: f("bpf_map__reuse_fd", "int", ["void *", "int"]),
    mapType: f("bpf_map__type", "int", ["void *"]),
    mapKeySize: f("bpf_map__key_size", "uint32", ["void *"]),
    mapValueSize: f("bpf_map__value_size", "uint32", ["void *"]),
    mapMaxEntries: f("bpf_map__max_entries", "uint32", ["void *"]),
    mapInitialValue: f("bpf_map__initial_value", "void *", ["void *", "void *"]),
    programName: f("bpf_program__name", "str", ["void *"]),
    programFd: f("bpf_program__fd", "int", ["void *"]),
    getObject: f("bpf_obj_get", "int", ["str"]),
    pinObject: f("bpf_obj_pin", "int", ["int", "str"]),
    openRawTracepoint: f("bpf_raw_tracepoint_open", "int", ["str", "int"]),
    bindMap: f("bpf_prog_bind_map", "int", ["int", "int", "void *"]),
    programFdById: f("bpf_prog_get_fd_by_id", "int", ["uint32"]),
    mapFdById: f("bpf_map_get_fd_by_id", "int", ["uint32"]),
    infoByFd: f("bpf_obj_get_info_by_fd", "int", ["int", "void *", "void *"]),
    lookup: f("bpf_map_lookup_elem", "int", [map.fd, map.key, map.value]),
    update: f("bpf_map_update_elem", "int", [map.fd, map.key, map.value, "uint64"]),
    remove: f("bpf_map_delete_elem", "int", [map.fd, map.key]),
    nextKey: f("bpf_map_get_next_key", "int", [map.fd, map.key, map.key]),
    lookupBatch: f("bpf_map_lookup_batch", "int", [map.fd, "void *", "void *", map.key, map.value, "void *", "void *"]),
    updateBatch: f("bpf_map_update_batch", "int", [map.fd, map.key, map.value, "void *", "void *"]),
    testRun: f("bpf_prog_test_run_opts", "int", ["int", "void *"]),
    possibleCpus: f("libbpf_num_possible_cpus", "int", []),
    ringNew: f("ring_buffer__new", "void *", ["int", "void *", "void *", "void *"]),
    ringEpollFd: f("ring_buffer__epoll_fd", "int", ["void *"]),
    ringConsume: f("ring_buffer__consume", "int", ["void *"]),
    ringFree: f("ring_buffer__free", "void", ["void *"]),
    registerRecord: (callback) => koffi.register(callback, koffi.pointer(record)),
    setPrint: f("libbpf_set_print", "void *", ["void *"]),
    format: libc.func("vsnprintf", "int", ["void *", "size_t", "void *", "void *"]),
    registerPrint: (callback) => koffi.register(callback, koffi.pointer(print)),
    unregister: (callback) => koffi.unregister(callback),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** libbpf, loaded at the first call. Throws NO_LIBRARY where it is not installed. */
export const libbpf: () => Libbpf = once(load);

/** `length` bytes of C memory at `pointer`, shared, not copied. */
export const memoryAt = (pointer: Pointer, length: number): Uint8Array => new Uint8Array(koffi.view(pointer, length));

/** A C string of printf's kind. */
export const stringAt = (pointer: Pointer): string => koffi.decode.string(pointer);

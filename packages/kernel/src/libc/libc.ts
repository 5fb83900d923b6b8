import koffi from "koffi";

/**
 * The C library: the one place where its functions are bound. Each returns what C returns; read
 * `errno()` right after, or wrap the call in `check()`. Pointers are Uint8Arrays, `null`, or
 * addresses (bigint) from `addressOf`.
 */
type Pointer = Uint8Array | bigint | null;

const library = koffi.load("libc.so.6");
const bind = <F>(definition: string): F => library.func(definition) as unknown as F;

export const libc = {
  socket: bind<(domain: number, type: number, protocol: number) => number>("int socket(int, int, int)"),
  bind: bind<(fd: number, address: Uint8Array, length: number) => number>("int bind(int, const void *, uint32_t)"),
  connect: bind<(fd: number, address: Uint8Array, length: number) => number>(
    "int connect(int, const void *, uint32_t)",
  ),
  listen: bind<(fd: number, backlog: number) => number>("int listen(int, int)"),
  /** The peer's address is not asked for. */
  accept4: bind<(fd: number, address: null, length: null, flags: number) => number>(
    "int accept4(int, void *, void *, int)",
  ),
  getsockname: bind<(fd: number, address: Uint8Array, length: Uint8Array) => number>(
    "int getsockname(int, void *, void *)",
  ),
  setsockopt: bind<(fd: number, level: number, option: number, value: Uint8Array, length: number) => number>(
    "int setsockopt(int, int, int, const void *, uint32_t)",
  ),
  getsockopt: bind<(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array) => number>(
    "int getsockopt(int, int, int, void *, void *)",
  ),
  sendto: bind<
    (fd: number, data: Uint8Array, length: number, flags: number, address: Pointer, addressLength: number) => number
  >("long sendto(int, const void *, unsigned long, int, const void *, uint32_t)"),
  sendmmsg: bind<(fd: number, headers: Uint8Array, count: number, flags: number) => number>(
    "int sendmmsg(int, void *, unsigned int, int)",
  ),
  recv: bind<(fd: number, data: Uint8Array, length: number, flags: number) => number>(
    "long recv(int, void *, unsigned long, int)",
  ),
  recvfrom: bind<
    (fd: number, data: Uint8Array, length: number, flags: number, address: Uint8Array, size: Uint8Array) => number
  >("long recvfrom(int, void *, unsigned long, int, void *, void *)"),
  /** `header`: struct msghdr. */
  recvmsg: bind<(fd: number, header: Uint8Array, flags: number) => number>("long recvmsg(int, void *, int)"),
  recvmmsg: bind<(fd: number, headers: Uint8Array, count: number, flags: number, timeout: Pointer) => number>(
    "int recvmmsg(int, void *, unsigned int, int, void *)",
  ),
  /** `time`: struct timespec, two 64-bit words. */
  clockGetTime: bind<(clock: number, time: Uint8Array) => number>("int clock_gettime(int, void *)"),
  /** Blocks the thread: for processes that do nothing else. Returns the errno itself. */
  clockNanosleep: bind<(clock: number, flags: number, until: Uint8Array, rest: Pointer) => number>(
    "int clock_nanosleep(int, int, const void *, void *)",
  ),
  mallocTrim: bind<(keep: number) => number>("int malloc_trim(unsigned long)"),
  prctl: bind<(option: number, argument: number) => number>("int prctl(int, unsigned long)"),
  /** `mask`: a bit for each CPU, a multiple of 8 bytes. */
  schedGetAffinity: bind<(pid: number, length: number, mask: Uint8Array) => number>(
    "int sched_getaffinity(int, unsigned long, void *)",
  ),
  schedSetAffinity: bind<(pid: number, length: number, mask: Uint8Array) => number>(
    "int sched_setaffinity(int, unsigned long, const void *)",
  ),
  schedSetScheduler: bind<(pid: number, policy: number, parameters: Uint8Array) => number>(
    "int sched_setscheduler(int, int, const void *)",
  ),
  open: bind<(path: string, flags: number, mode: number) => number>("int open(const char *, int, uint32_t)"),
  close: bind<(fd: number) => number>("int close(int)"),
  read: bind<(fd: number, data: Uint8Array, length: number) => number>("long read(int, void *, unsigned long)"),
  write: bind<(fd: number, data: Uint8Array, length: number) => number>("long write(int, const void *, unsigned long)"),
  poll: bind<(pollfds: Uint8Array, count: number, timeoutMs: number) => number>("int poll(void *, unsigned long, int)"),
  eventfd: bind<(initial: number, flags: number) => number>("int eventfd(unsigned int, int)"),
  flock: bind<(fd: number, operation: number) => number>("int flock(int, int)"),
  /** `type` is a CLONE_NEW* constant, or 0 for any. Of the calling thread alone. */
  setns: bind<(fd: number, type: number) => number>("int setns(int, int)"),
  unshare: bind<(flags: number) => number>("int unshare(int)"),
  mount: bind<
    (source: string | null, target: string, type: string | null, flags: number, data: string | null) => number
  >("int mount(const char *, const char *, const char *, unsigned long, const char *)"),
  umount2: bind<(target: string, flags: number) => number>("int umount2(const char *, int)"),
  /** 0: no such link in the calling thread's namespace. */
  if_nametoindex: bind<(name: string) => number>("unsigned int if_nametoindex(const char *)"),
  ioctl: bind<(fd: number, request: number, argument: Uint8Array) => number>("int ioctl(int, unsigned long, void *)"),
  /** For what the C library has no function for; numbers and integer arguments alone. */
  syscall: bind<(number: number, first: number, second: number, third: number) => number>(
    "long syscall(long, long, long, long)",
  ),
  syscall4: bind<(number: number, first: number, second: number, third: number, fourth: number) => number>(
    "long syscall(long, long, long, long, long)",
  ),
  /** `call`: its number on this architecture; `attr`: struct perf_event_attr. */
  perfEventOpen: bind<
    (call: number, attr: Uint8Array, pid: number, cpu: number, group: number, flags: number) => number
  >("long syscall(long, const void *, long, long, long, unsigned long)"),
  strerror: bind<(errno: number) => string>("const char *strerror(int)"),
} as const;

/** Address of the first byte, for pointers inside structures; the array must stay referenced while C uses it. */
export const addressOf = (array: Uint8Array): bigint => koffi.address(array);

/** errno of the last call, of this thread. */
export const errno = (): number => koffi.errno();

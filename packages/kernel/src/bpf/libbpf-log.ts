import { libbpf, stringAt } from "./libbpf.ts";

/** libbpf's own buffer for a verifier log ends at 16 MiB; a shorter message gets a smaller one. */
const LONGEST_LOG = 16 << 20;
const LONGEST_LINE = 8 << 10;
/** enum libbpf_print_level: 0 warn, 1 info, 2 debug. */
const INFO = 1;

/**
 * Runs `work` with libbpf's messages collected instead of printed on stderr. The verifier's log is
 * among them: libbpf prints it as one warning when a load fails.
 */
export function withLibbpfLog<T>(work: (messages: readonly string[]) => T): T {
  const lib = libbpf();
  const messages: string[] = [];
  const callback = lib.registerPrint((level, format, args) => {
    if (level > INFO) return 0;
    const size = stringAt(format).includes("PROG LOAD LOG") ? LONGEST_LOG : LONGEST_LINE;
    const text = Buffer.allocUnsafe(size);
    // The arguments can be read only once, so there is no asking for the length first.
    const length = Math.min(lib.format(text, size, format, args), size - 1);
    messages.push(text.toString("utf8", 0, Math.max(0, length)).trimEnd());
    return 0;
  });
  const before = lib.setPrint(callback);
  try {
    return work(messages);
  } finally {
    lib.setPrint(before);
    lib.unregister(callback);
  }
}

/** The last lines of a verifier log that say something: its closing statistics left out. */
export function verifierWords(messages: readonly string[], lines = 12): string | undefined {
  const log = messages.find((message) => message.includes("BEGIN PROG LOAD LOG"));
  if (log === undefined) return undefined;
  return log
    .split("\n")
    .filter((line) => line !== "" && !/PROG LOAD LOG|^processed \d+ insns|^verification time|^stack depth/.test(line))
    .slice(-lines)
    .join("\n");
}

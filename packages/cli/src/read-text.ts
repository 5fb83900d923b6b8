import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { GonaError } from "@gona/model";

/** Text of a file, `-` for standard input. Throws NOT_FOUND where there is none, USAGE where it is no file to read. */
export async function readText(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new GonaError("NOT_FOUND", `no such file: ${file}`, {}, { cause });
    if (code === "EISDIR") throw new GonaError("USAGE", `a directory, not a file: ${file}`, {}, { cause });
    throw new GonaError("STORAGE", `${file} cannot be read`, {}, { cause });
  }
}

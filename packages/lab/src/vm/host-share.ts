import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { GonaError } from "@gona/model";
import { waitUntil } from "../bed/wait-until.ts";

/** Debian 12 has it in qemu-system-common, later ones in a package of its own. */
const VIRTIOFSD = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];

/** Serves a folder of the host to one guest until it is disposed of. */
export interface HostShare extends AsyncDisposable {
  readonly socket: string;
}

/** Throws NO_LIBRARY without virtiofsd, SCENARIO_FAILED when it does not start. */
export async function shareFolder(folder: string, socket: string): Promise<HostShare> {
  const program = VIRTIOFSD.find((path) => existsSync(path));
  if (program === undefined) throw new GonaError("NO_LIBRARY", "virtiofsd is missing", { hint: "npm run setup" });
  const options = ["-o", `source=${folder}`, "-o", "sandbox=chroot", "-o", "cache=always"];
  const child = spawn(program, [`--socket-path=${socket}`, ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()).on("error", () => resolve()));
  let words = "";
  child.stderr.on("data", (part: Buffer) => {
    words = (words + part.toString()).slice(-2000);
  });
  const share: HostShare = {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
  try {
    await waitUntil("virtiofsd listens", () => (existsSync(socket) ? true : undefined), {
      withinMs: 5000,
      why: () => words,
    });
  } catch (error) {
    await share[Symbol.asyncDispose]();
    throw error;
  }
  return share;
}

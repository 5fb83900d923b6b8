import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inBuild } from "./paths.mjs";
import { step } from "./progress.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

/**
 * The kernel of the test guests: Debian's cloud kernel (6.1 in Debian 12, the oldest that GONA supports), unpacked
 * below build/vm and never installed on the host.
 */
const PACKAGE = process.arch === "arm64" ? "linux-image-cloud-arm64" : "linux-image-cloud-amd64";
const folder = inBuild("vm");
const kernel = join(folder, "kernel");
/** Written last: an unpacking that was cut off does not count. */
const marker = join(kernel, "package.txt");

/** Downloads and unpacks the guests' kernel unless it is there. Throws SetUpError. */
export async function ensureGuestKernel() {
  if (existsSync(marker)) return;
  await step(`test guests' kernel (${PACKAGE})`, async (note) => {
    rmSync(kernel, { recursive: true, force: true });
    mkdirSync(kernel, { recursive: true });
    let name = await currentPackage();
    let download = await aptDownload(name, note);
    if (download.code !== 0) {
      note("asking the package sources");
      await runCommand(["apt-get", "-q", "update"], { deadlineMs: 300_000 });
      name = await currentPackage();
      download = await aptDownload(name, note);
    }
    if (download.code !== 0)
      throw new SetUpError(`the kernel of the test guests (${name}) cannot be had from the Debian package sources`, {
        hint: "connect this machine to a Debian mirror; the vm tests need it",
        detail: lastWords(download.output, 4),
      });
    for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".deb"))) {
      await must(["dpkg-deb", "-x", join(folder, file), kernel]);
      rmSync(join(folder, file));
    }
    const [release] = readdirSync(join(kernel, "lib", "modules"));
    if (release === undefined) throw new SetUpError(`${name} holds no modules`);
    await must(["depmod", "-b", kernel, release]);
    writeFileSync(marker, `${name} ${release}\n`);
  });
}

/** The package that the meta package stands for today. */
async function currentPackage() {
  const { stdout } = await runCommand(["apt-cache", "depends", "--no-recommends", PACKAGE]);
  return /Depends: (linux-image-\S+)/.exec(stdout)?.[1] ?? PACKAGE;
}

/** @param {string} name @param {(text: string) => void} note */
const aptDownload = (name, note) =>
  runCommand(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2", "download", name], {
    cwd: folder,
    deadlineMs: 600_000,
    onLine: note,
  });

/** @param {readonly string[]} argv */
async function must(argv) {
  const result = await runCommand(argv, { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
  if (result.code !== 0) throw new SetUpError(`${argv[0]} failed`, { detail: lastWords(result.output) });
}

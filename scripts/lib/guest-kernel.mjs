import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inBuild } from "./paths.mjs";
import { step } from "./progress.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

const suffix = process.arch === "arm64" ? "arm64" : "amd64";
const folder = inBuild("vm");

/**
 * @typedef {object} Wanted a kernel package of Debian's, unpacked below build/vm and never installed on the host
 * @property {string} what for people
 * @property {string} meta the package that depends on the current one
 * @property {string} root below build/vm
 * @property {readonly string[]} without folders of modules that nobody needs there
 */

/** Debian's cloud kernel (6.1 in Debian 12, the oldest that GONA supports) for test guests. @type {Wanted} */
const GUEST = { what: "test guests' kernel", meta: `linux-image-cloud-${suffix}`, root: "kernel", without: [] };

/** The one with the drivers of real network cards, for driver domains in virtual machines. @type {Wanted} */
const DOMAIN = {
  what: "driver domains' kernel",
  meta: `linux-image-${suffix}`,
  root: "domain-kernel",
  without: [
    ...["sound", "fs", "arch"],
    ..."ata gpu hid hwmon iio infiniband input isdn md media mmc mtd nvme platform scsi staging target usb"
      .split(" ")
      .map((name) => `drivers/${name}`),
  ],
};

/** Downloads and unpacks the test guests' kernel unless it is there. Throws SetUpError. */
export const ensureGuestKernel = () => ensureKernel(GUEST);
/** The same for the kernel of driver domains' virtual machines. */
export const ensureDomainKernel = () => ensureKernel(DOMAIN);

/** @param {Wanted} wanted */
async function ensureKernel({ what, meta, root, without }) {
  const kernel = join(folder, root);
  // Written last: an unpacking that was cut off does not count.
  const marker = join(kernel, "package.txt");
  if (existsSync(marker)) return;
  await step(`${what} (${meta})`, async (note) => {
    rmSync(kernel, { recursive: true, force: true });
    mkdirSync(kernel, { recursive: true });
    let name = await currentPackage(meta);
    let download = await aptDownload(name, note);
    if (download.code !== 0) {
      note("asking the package sources");
      await runCommand(["apt-get", "-q", "update"], { deadlineMs: 300_000 });
      name = await currentPackage(meta);
      download = await aptDownload(name, note);
    }
    if (download.code !== 0)
      throw new SetUpError(`the ${what} (${name}) cannot be had from the Debian package sources`, {
        hint: "connect this machine to a Debian mirror; the vm tests need it",
        detail: lastWords(download.output, 4),
      });
    for (const file of readdirSync(folder).filter((entry) => entry.endsWith(".deb"))) {
      await must(["dpkg-deb", "-x", join(folder, file), kernel]);
      rmSync(join(folder, file));
    }
    const [release] = readdirSync(join(kernel, "lib", "modules"));
    if (release === undefined) throw new SetUpError(`${name} holds no modules`);
    for (const part of without)
      rmSync(join(kernel, "lib", "modules", release, "kernel", part), { recursive: true, force: true });
    await must(["depmod", "-b", kernel, release]);
    writeFileSync(marker, `${name} ${release}\n`);
  });
}

/** The package that the meta package stands for today. @param {string} meta */
async function currentPackage(meta) {
  const { stdout } = await runCommand(["apt-cache", "depends", "--no-recommends", meta]);
  return /Depends: (linux-image-\S+)/.exec(stdout)?.[1] ?? meta;
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

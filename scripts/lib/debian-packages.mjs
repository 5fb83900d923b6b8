import { existsSync } from "node:fs";
import { step } from "./progress.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

/** @typedef {"run" | "test"} Purpose `npm start` needs less than `npm test` */

const qemu = process.arch === "arm64" ? "qemu-system-arm" : "qemu-system-x86";

/**
 * What is needed beyond Debian's base system, with a file that proves it is there on systems that have no dpkg.
 * docs/dependencies.md says what each is for.
 * @type {readonly { name: string, proof: string, purpose: Purpose }[]}
 */
export const DEBIAN_PACKAGES = [
  { name: "clang", proof: "/usr/bin/clang", purpose: "run" },
  { name: "libbpf-dev", proof: "/usr/include/bpf/bpf_helpers.h", purpose: "run" },
  { name: "linux-libc-dev", proof: "/usr/include/linux/bpf.h", purpose: "run" },
  { name: "libbpf1", proof: "", purpose: "run" },
  { name: "iproute2", proof: "/usr/sbin/ip", purpose: "run" },
  { name: "kmod", proof: "/usr/sbin/modprobe", purpose: "run" },
  { name: "iperf3", proof: "/usr/bin/iperf3", purpose: "run" },
  { name: "ethtool", proof: "/usr/sbin/ethtool", purpose: "run" },
  { name: "python3-pyroute2", proof: "/usr/lib/python3/dist-packages/pyroute2", purpose: "test" },
  { name: qemu, proof: "", purpose: "test" },
  { name: "openvswitch-switch", proof: "/usr/sbin/ovs-vswitchd", purpose: "test" },
  { name: "busybox-static", proof: "/bin/busybox", purpose: "test" },
  { name: "cpio", proof: "/usr/bin/cpio", purpose: "test" },
];

/** @param {Purpose} purpose */
const namesFor = (purpose) =>
  DEBIAN_PACKAGES.filter((item) => item.purpose === "run" || purpose === "test").map((item) => item.name);

/** Names of the packages that are not there. @param {Purpose} purpose @returns {Promise<string[]>} */
export async function missingDebianPackages(purpose) {
  const names = namesFor(purpose);
  if (!existsSync("/usr/bin/dpkg-query"))
    return DEBIAN_PACKAGES.filter(
      (item) => names.includes(item.name) && item.proof !== "" && !existsSync(item.proof),
    ).map((item) => item.name);
  // An unknown name makes the exit code 1 and leaves the known ones on stdout: both are an answer.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const { stdout } = await runCommand(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", ...names]);
  const installed = new Set(
    stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs what is missing; asks the package sources for news only when the names known here do not lead to it.
 * Throws SetUpError when it cannot.
 * @param {Purpose} purpose
 */
export async function ensureDebianPackages(purpose) {
  const missing = await missingDebianPackages(purpose);
  if (missing.length === 0) return;
  const byHand = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (!existsSync("/usr/bin/apt-get"))
    throw new SetUpError(`these are missing and this is not a Debian system: ${missing.join(", ")}`, {
      hint: "install what your distribution calls them",
    });
  if (process.getuid?.() !== 0)
    throw new SetUpError(`Debian packages are missing and only root may install them: ${missing.join(", ")}`, {
      hint: `run again as root, or as root: ${byHand}`,
    });
  await step(`Debian packages: ${missing.join(" ")}`, async (note) => {
    const install = () => apt(["install", "-y", "--no-install-recommends", ...missing], note);
    let result = await install();
    if (result.code !== 0) {
      note("asking the package sources");
      const update = await apt(["update", "-o", "APT::Update::Error-Mode=any"], note);
      result = await install();
      if (result.code !== 0) throw cannotInstall(missing, update, result, byHand);
    }
    const still = await missingDebianPackages(purpose);
    if (still.length > 0) throw new SetUpError(`apt-get said done, and these are still missing: ${still.join(", ")}`);
  });
}

/** @param {readonly string[]} args @param {(text: string) => void} note */
const apt = (args, note) =>
  runCommand(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2", ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "l" },
    deadlineMs: 900_000,
    onLine: note,
  });

/**
 * @param {readonly string[]} missing
 * @param {import("./run-command.mjs").Finished} update
 * @param {import("./run-command.mjs").Finished} install
 * @param {string} byHand
 */
function cannotInstall(missing, update, install, byHand) {
  if (update.code !== 0)
    return new SetUpError("no Debian package source can be reached, and packages are missing", {
      hint: `connect this machine to a Debian mirror, or install by hand: ${byHand}`,
      detail: lastWords(update.output, 4),
    });
  return new SetUpError(`apt-get could not install ${missing.join(", ")}`, {
    hint: `see what it says: ${byHand}`,
    detail: lastWords(install.output),
  });
}

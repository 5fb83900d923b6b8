/**
 * @typedef {{
 *   version?: string, integrity?: string, resolved?: string, link?: boolean, dev?: boolean, optional?: boolean,
 *   devOptional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string>
 * }} LockEntry
 * @typedef {{ packages: Record<string, LockEntry> }} LockFile
 */

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64", "wasm32"];

/** From `cli-linux-x64-musl`: what npm must know to leave it out elsewhere. @param {string} name */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.filter((word) => words.includes(word));
  const cpu = PROCESSORS.filter((word) => words.includes(word));
  const musl = words.some((word) => word.startsWith("musl"));
  return { os, cpu, ...(os.includes("linux") ? { libc: [musl ? "musl" : "glibc"] } : {}) };
}

/**
 * Optional packages (the builds of a tool for other machines) that the lock file names as dependencies and does not
 * hold. npm leaves them out when the registry that it asked has only some of them, and then `npm ci` refuses the
 * file everywhere. Returned as the entries to add: pinned by the exact version that their parent asks for.
 * @param {LockFile} lock
 * @returns {Record<string, LockEntry>}
 */
export function missingOptionalEntries(lock) {
  /** @type {Record<string, LockEntry>} */
  const missing = {};
  for (const [path, parent] of Object.entries(lock.packages))
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`;
      const top = `node_modules/${name}`;
      if (lock.packages[nested] !== undefined || lock.packages[top] !== undefined) continue;
      const platform = platformOf(name);
      missing[top] = { version, ...platform, ...(parent.dev === true ? { dev: true } : {}), optional: true };
    }
  return missing;
}

/** The lock file with them, in npm's order. @param {LockFile} lock @returns {LockFile} */
export function completeLock(lock) {
  const all = { ...lock.packages, ...missingOptionalEntries(lock) };
  const packages = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, "en")));
  return { ...lock, packages };
}

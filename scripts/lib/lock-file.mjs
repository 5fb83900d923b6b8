/**
 * @typedef {{
 *   version?: string, integrity?: string, resolved?: string, link?: boolean, dev?: boolean, optional?: boolean,
 *   devOptional?: boolean, os?: string[], cpu?: string[], libc?: string[], engines?: Record<string, string>,
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

/**
 * Packages that name the Node they want. npm compares that with the Node it runs on itself, which is not the one that
 * will run them (set-up brings Node 24): on Node 18 it silently leaves out optional ones, such as the binaries of
 * oxlint and rolldown, and warns about the others.
 * @param {LockFile} lock
 */
export const entriesWithEngines = (lock) =>
  Object.keys(lock.packages).filter((path) => path.includes("node_modules/") && lock.packages[path]?.engines);

/** The lock file as GONA wants it: nothing missing, no engines; in npm's order. @param {LockFile} lock @returns {LockFile} */
export function completeLock(lock) {
  const engines = new Set(entriesWithEngines(lock));
  const all = Object.entries({ ...lock.packages, ...missingOptionalEntries(lock) }).map(([path, entry]) => {
    const { engines: _, ...rest } = entry;
    return /** @type {const} */ ([path, engines.has(path) ? rest : entry]);
  });
  return { ...lock, packages: Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, "en"))) };
}

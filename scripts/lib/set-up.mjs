import { ensureBpfObject } from "./bpf-programs.mjs";
import { ensureDebianPackages } from "./debian-packages.mjs";
import { ensureNodeCache } from "./node-cache.mjs";
import { ensureNpmPackages } from "./npm-packages.mjs";
import { SetUpError } from "./set-up-error.mjs";

/** @typedef {import("./debian-packages.mjs").Purpose} Purpose */
/** @typedef {"debian" | "npm" | "bpf"} Part */
/** What this machine would not give, by part; empty when all is there. @typedef {Map<Part, SetUpError>} Lacks */

/**
 * All set-up for a purpose, from whatever is there already. Does as much as it can: what the machine would not give
 * is returned, so that the caller can still do what does not need it. Anything but a SetUpError is our bug and thrown.
 * @param {Purpose} purpose
 * @returns {Promise<Lacks>}
 */
export async function setUp(purpose) {
  /** @type {Lacks} */
  const lacks = new Map();
  /** @param {Part} part @param {() => Promise<void>} ensure */
  const attempt = async (part, ensure) => {
    try {
      await ensure();
    } catch (error) {
      if (!(error instanceof SetUpError)) throw error;
      lacks.set(part, error);
    }
  };
  await attempt("debian", () => ensureDebianPackages(purpose));
  await attempt("npm", ensureNpmPackages);
  // Without the packages there is no compiler, and that has been said.
  if (!lacks.has("debian")) await attempt("bpf", ensureBpfObject);
  if (!lacks.has("npm")) await ensureNodeCache();
  return lacks;
}

import { join } from "node:path";
import { root } from "./paths.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

/** @typedef {{ check: string, state: string, found: string, remedy?: string }} DoctorRow */

/**
 * What stands between this process and a data path, found by trying (`gona doctor`): rights, namespaces, queueing
 * disciplines, BPF. Empty when nothing does. Set-up has to be done before.
 * @returns {Promise<SetUpError[]>}
 */
export async function kernelLacks() {
  const { code, output, stdout } = await runCommand([join(root, "gona"), "doctor", "--json"]);
  /** @type {readonly DoctorRow[]} */
  let rows;
  try {
    rows = JSON.parse(stdout).checks;
  } catch (cause) {
    return [new SetUpError(`gona doctor does not run here (exit code ${code})`, { detail: lastWords(output), cause })];
  }
  return rows
    .filter(({ state }) => state === "missing")
    .map(({ check, found, remedy }) => new SetUpError(`${check}: ${found}`, { ...(remedy && { hint: remedy }) }));
}

/**
 * Why tests cannot have namespaces of their own (sandbox.sh); undefined when they can.
 * @returns {Promise<SetUpError | undefined>}
 */
export async function sandboxLack() {
  const { code, output } = await runCommand(["unshare", "--net", "--mount", "--pid", "--fork", "true"]);
  if (code === 0) return undefined;
  return new SetUpError("namespaces for the tests are refused", {
    hint: "run as root, on a machine or VM of its own or in a privileged container",
    detail: lastWords(output, 2),
  });
}

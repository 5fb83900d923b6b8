import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's root folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where set-up and tests put what can be made again. @param {...string} parts */
export const inBuild = (...parts) => join(root, "build", ...parts);

/** Where the object of bpf/gona.bpf.c goes. */
export declare const OBJECT_PATH: string;

/** Why the object could not be built; `missing` names a Debian package where one would help. */
export declare class BuildError extends Error {
  readonly missing?: string;
}

export interface BuildOptions {
  readonly source?: string;
  readonly output?: string;
  /** For clang, after GONA's own. */
  readonly flags?: readonly string[];
  readonly clang?: string;
  readonly force?: boolean;
}

/** Builds when something changed; `built` tells whether clang ran. Throws BuildError. */
export declare function buildBpf(options?: BuildOptions): { readonly path: string; readonly built: boolean };

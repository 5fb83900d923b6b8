/**
 * Every error that a user can meet, by fault. `docs/errors.md` holds the same codes (a test keeps
 * them equal). Exit codes: 1 failed, 2 bad input, 3 daemon not reached, 4 missing capability.
 */
export interface ErrorClass {
  /** Whose fault: the caller's spec or words, the kernel's refusal, the environment's lack, our bug. */
  readonly fault: "input" | "kernel" | "environment" | "bug";
  readonly meaning: string;
  /** Read by `api` alone. */
  readonly httpStatus: number;
  readonly exitCode: 1 | 2 | 3 | 4;
  /** The same call may succeed later without a change of input. */
  readonly retry: boolean;
}

const input = (meaning: string, httpStatus = 422): ErrorClass => ({
  fault: "input",
  meaning,
  httpStatus,
  exitCode: 2,
  retry: false,
});
const environment = (meaning: string, retry = false): ErrorClass => ({
  fault: "environment",
  meaning,
  httpStatus: 503,
  exitCode: 4,
  retry,
});

export const ERROR_CATALOGUE = {
  SPEC_SYNTAX: input("The spec is not well-formed YAML."),
  SPEC_TOO_LARGE: input("The spec is larger than the daemon takes.", 413),
  SPEC_INVALID: input("A field of the spec has a wrong name, type or value."),
  SPEC_DUPLICATE: input("Two things of the spec have one name, MAC, address or device."),
  SPEC_REFERENCE: input("The spec names something that it does not define."),
  SPEC_UNSUPPORTED: input("The spec uses a part of the language that this version does not execute yet."),
  SPEC_DOES_NOT_FIT: input("Reservations or limits do not fit the NICs."),
  USAGE: input("A command or request has wrong words or options.", 400),
  NOT_FOUND: input("No such guest, NIC, revision, file or scenario.", 404),
  APPLY_IN_PROGRESS: {
    fault: "input",
    meaning: "Another apply is under way.",
    httpStatus: 409,
    exitCode: 1,
    retry: true,
  },
  APPLY_ROLLED_BACK: {
    fault: "kernel",
    meaning: "A step failed; everything was put back as it was.",
    httpStatus: 500,
    exitCode: 1,
    retry: true,
  },
  ROLLBACK_FAILED: {
    fault: "kernel",
    meaning: "A step failed and the way back failed too; the daemon keeps trying.",
    httpStatus: 500,
    exitCode: 1,
    retry: true,
  },
  KERNEL_REFUSED: {
    fault: "kernel",
    meaning: "The kernel refused an operation.",
    httpStatus: 500,
    exitCode: 1,
    retry: true,
  },
  BPF_VERIFIER: {
    fault: "kernel",
    meaning: "The kernel's verifier refused a BPF program.",
    httpStatus: 500,
    exitCode: 4,
    retry: false,
  },
  DOMAIN_FAILED: {
    fault: "environment",
    meaning: "A driver domain could not be started.",
    httpStatus: 503,
    exitCode: 1,
    retry: true,
  },
  DAEMON_UNREACHABLE: {
    fault: "environment",
    meaning: "No daemon answers at the run dir.",
    httpStatus: 503,
    exitCode: 3,
    retry: true,
  },
  DAEMON_RUNNING: {
    fault: "environment",
    meaning: "Another daemon holds this run dir or this network namespace.",
    httpStatus: 409,
    exitCode: 1,
    retry: true,
  },
  STATE_OF_OTHER_BUILD: {
    fault: "environment",
    meaning: "The kernel holds GONA state of a build with another map layout.",
    httpStatus: 409,
    exitCode: 1,
    retry: false,
  },
  FOREIGN_STATE: {
    fault: "environment",
    meaning:
      "A NIC or vif has a root qdisc or filter, or a link stands in the place of a macvtap, that is not GONA's and would be lost.",
    httpStatus: 409,
    exitCode: 1,
    retry: false,
  },
  NO_CAPABILITY: environment("Root, or the capabilities NET_ADMIN, SYS_ADMIN, BPF and PERFMON, are missing."),
  NO_KERNEL_FEATURE: environment("The kernel lacks a feature that GONA needs."),
  NO_LIBRARY: environment("A system library or program that GONA needs is not installed."),
  STORAGE: {
    fault: "environment",
    meaning: "A directory cannot be written, or the disk is full.",
    httpStatus: 507,
    exitCode: 1,
    retry: true,
  },
  SCENARIO_FAILED: {
    fault: "kernel",
    meaning: "A lab scenario ran and a promise was not kept.",
    httpStatus: 500,
    exitCode: 1,
    retry: true,
  },
  BUG: {
    fault: "bug",
    meaning: "GONA contradicted itself; please report it.",
    httpStatus: 500,
    exitCode: 1,
    retry: false,
  },
} as const satisfies Record<string, ErrorClass>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

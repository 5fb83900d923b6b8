import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QEMU } from "./domain-arguments.ts";

/** Where a processor begins, 16 bytes below 4 GiB: `mov dx, 0x501; mov al, 0; out dx, al; hlt`. */
const PROGRAM = [0xba, 0x01, 0x05, 0xb0, 0x00, 0xee, 0xf4];
const ROM_BYTES = 65_536;
/** isa-debug-exit ends QEMU with 2 * value + 1. */
const ENDED_BY_GUEST = 1;
const WITHIN_MS = 5000;

/** Whether guests run on the processor itself, and if not, why. */
export interface Acceleration {
  readonly kind: "kvm" | "tcg";
  readonly why?: string;
}

/**
 * Tries KVM by a guest of four instructions: on machines that are virtual themselves it may be there, take a guest, and
 * never run it (seen here). Software emulation else.
 */
export async function findAcceleration(device = "/dev/kvm"): Promise<Acceleration> {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch {
    return { kind: "tcg", why: `${device} is not there or may not be used` };
  }
  const folder = mkdtempSync(join(tmpdir(), "gona-kvm-"));
  try {
    const rom = new Uint8Array(ROM_BYTES);
    rom.set(PROGRAM, ROM_BYTES - 16);
    const path = join(folder, "rom");
    writeFileSync(path, rom);
    return (await runRom(path)) === ENDED_BY_GUEST
      ? { kind: "kvm" }
      : { kind: "tcg", why: `${device} is there, but runs no guest` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** QEMU's exit code; undefined where it did not end by itself. */
function runRom(rom: string): Promise<number | undefined> {
  const done = Promise.withResolvers<number | undefined>();
  const machine = ["-machine", "pc,accel=kvm", "-cpu", "host", "-m", "16M", "-nodefaults", "-display", "none"];
  const exit = ["-device", "isa-debug-exit,iobase=0x501,iosize=2"];
  const child = spawn(QEMU, [...machine, "-bios", rom, ...exit], { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), WITHIN_MS);
  child.once("error", () => done.resolve(undefined));
  child.once("close", (code) => {
    clearTimeout(timer);
    done.resolve(code ?? undefined);
  });
  return done.promise;
}

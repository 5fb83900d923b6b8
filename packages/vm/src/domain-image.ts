import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GonaError } from "@gona/model";
import { type CpioContent, cpioArchive } from "./cpio-archive.ts";
import { type BootKernel, moduleFiles } from "./debian-kernel.ts";
import { DEVICE_MODELS } from "./device-model.ts";
import { runProgram } from "./run-program.ts";
import { unpackKernel } from "./unpack-kernel.ts";

/** What a driver domain's virtual machine boots. */
export interface DomainImage {
  readonly kernel: string;
  readonly initramfs: string;
  readonly release: string;
}

const INIT = join(import.meta.dirname, "domain-init.sh");
const BUSYBOX = "/bin/busybox";
const TC = ["/usr/sbin/tc", "/sbin/tc"];
/** Beside those of the devices: the bus, the control port, what joins two links, what tells the host of a panic. */
const MODULES = [
  ...["virtio_pci", "virtio_console", "virtio_net", "sch_ingress", "cls_matchall", "act_mirred"],
  ...["pvpanic", "pvpanic-pci"],
];

/** @param drivers modules of cards that are passed through, beside the emulated ones */
export interface DomainImageOptions {
  readonly kernel: BootKernel;
  /** Where images are kept, from one start to the next. */
  readonly folder: string;
  readonly drivers?: readonly string[];
}

/**
 * The image of a driver domain: busybox, tc, the drivers and domain-init.sh, and the kernel unpacked. Made once for each
 * content: the names carry hashes. Throws NO_LIBRARY when a program is missing, STORAGE when the folder cannot be written.
 */
export async function domainImage(options: DomainImageOptions): Promise<DomainImage> {
  const { kernel, folder } = options;
  ensureFolder(folder);
  return {
    kernel: await kernelImage(kernel, folder),
    initramfs: await initramfs(options),
    release: kernel.release,
  };
}

async function kernelImage({ image, release }: BootKernel, folder: string): Promise<string> {
  const packed = readFileSync(image);
  const output = join(folder, `vmlinux-${release}-${hashOf(packed)}`);
  if (existsSync(output)) return output;
  const unpacked = await unpackKernel(packed);
  if (unpacked === undefined) return image;
  put(output, unpacked);
  return output;
}

async function initramfs({ kernel, folder, drivers = [] }: DomainImageOptions): Promise<string> {
  const files = new Map<string, CpioContent>([
    ["init", { file: INIT }],
    ["bin/busybox", { file: programOf("busybox-static", [BUSYBOX]) }],
  ]);
  const tc = programOf("iproute2", TC);
  files.set("sbin/tc", { file: tc });
  for (const [, library] of (await runProgram("ldd", [tc])).toString().matchAll(/(\/\S+) \(0x/g))
    if (library !== undefined) files.set(library.slice(1), { file: library });

  const names = [...MODULES, ...Object.values(DEVICE_MODELS).flatMap(({ modules }) => modules), ...drivers];
  const modules = moduleFiles(kernel, names);
  for (const file of modules)
    files.set(`modules/${fileName(file)}`, { file: join(kernel.root, "lib/modules", kernel.release, file) });
  files.set("modules/list", { data: modules.map((file) => `${fileName(file)}\n`).join("") });

  const archive = cpioArchive(files);
  const output = join(folder, `domain-${hashOf(archive)}.cpio`);
  if (!existsSync(output)) put(output, archive);
  return output;
}

const fileName = (path: string): string => path.split("/").at(-1) ?? path;
const hashOf = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex").slice(0, 16);

function programOf(debianPackage: string, paths: readonly string[]): string {
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new GonaError("NO_LIBRARY", `${paths[0]} is missing: driver domains in virtual machines need it`, {
    hint: `apt-get install ${debianPackage}`,
  });
}

function ensureFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new GonaError("STORAGE", `images of driver domains cannot be kept in ${folder}`, {}, { cause });
  }
}

/** Whole or not at all, also where two make it at once. */
function put(path: string, data: Uint8Array): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, data);
    renameSync(temporary, path);
  } catch (cause) {
    throw new GonaError("STORAGE", `cannot write ${path}`, {}, { cause });
  }
}

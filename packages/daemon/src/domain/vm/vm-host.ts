import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LinuxKernel } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { type Acceleration, type DomainImage, domainImage, domainKernel, findAcceleration } from "@gona/vm";
import { Crossings } from "./crossings.ts";

const CHECKOUT = fileURLToPath(new URL("../../../../../", import.meta.url));

/** What all driver domains in virtual machines share: image, acceleration, crossings; each had when it is first needed. */
export class VmHost implements Disposable {
  #image: Promise<DomainImage> | undefined;
  #acceleration: Promise<Acceleration> | undefined;
  #crossings: Crossings | undefined;

  /** Throws NO_LIBRARY where something is not installed. */
  image(): Promise<DomainImage> {
    this.#image ??= Promise.resolve()
      .then(() => domainImage({ kernel: domainKernel(), folder: imageFolder() }))
      .catch((error: unknown) => {
        this.#image = undefined; // what is missing may be installed by the next start
        throw error;
      });
    return this.#image;
  }

  acceleration(): Promise<Acceleration> {
    this.#acceleration ??= findAcceleration();
    return this.#acceleration;
  }

  /** Throws as loadBpfObject. */
  crossings(): Crossings {
    this.#crossings ??= new Crossings(LinuxKernel.open(), crossingObject());
    return this.#crossings;
  }

  [Symbol.dispose](): void {
    this.#crossings?.[Symbol.dispose]();
  }
}

/** Below build/ of a checkout, else where a distribution keeps what can be made again. */
function imageFolder(): string {
  const build = join(CHECKOUT, "build");
  try {
    accessSync(build, constants.W_OK);
    return join(build, "vm/images");
  } catch {
    return "/var/cache/gona/images"; // an installed package is read-only
  }
}

function crossingObject(): string {
  const path = join(CHECKOUT, "build/bpf/gona_cross.bpf.o");
  if (existsSync(path)) return path;
  throw new GonaError("NO_LIBRARY", `the BPF object ${path} is missing`, {
    hint: `see ${dirname(path)}; npm run setup`,
  });
}

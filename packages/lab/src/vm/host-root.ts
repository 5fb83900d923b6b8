import { REPOSITORY } from "../bed/lab-paths.ts";
import { guestKernel } from "./guest-kernel.ts";
import type { GuestMachine } from "./guest-machine.ts";

/** Where the host's files appear in the guest. */
const ROOT = "/host-root";

/**
 * Lays the host's root folder (shared with `share: "/"`) under the guest's own kernel: read-only below, what is
 * written stays in the guest's memory. Settles with a function that makes a script run there, as if on the host.
 */
export async function hostRoot(guest: GuestMachine): Promise<(script: string) => string> {
  const modules = `${guestKernel().root}/lib/modules`;
  await guest.run(`set -e
mkdir -p /lower /upper ${ROOT}
mount -t virtiofs -o ro host /lower
mount -t tmpfs tmpfs /upper
mkdir /upper/files /upper/work
mount -t overlay overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work ${ROOT}
for folder in proc sys dev; do mount --bind /$folder ${ROOT}/$folder; done
mkdir /checkout
mount --bind ${ROOT}${REPOSITORY} /checkout
mount -t tmpfs tmpfs ${ROOT}/run
mount -t tmpfs tmpfs ${ROOT}/tmp
# A checkout may lie below /tmp itself.
mkdir -p ${ROOT}${REPOSITORY}
mount --bind /checkout ${ROOT}${REPOSITORY}
mkdir -p ${ROOT}/run/netns ${ROOT}/lib/modules
mount --bind /lower${modules} ${ROOT}/lib/modules
# The kernel loads what it misses with the modprobe of its first root.
mount --bind /lower${modules} /lib/modules`);
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return (script) => `chroot ${ROOT} /bin/sh -c ${quoted(`export PATH=${path} HOME=/root TMPDIR=/tmp; ${script}`)}`;
}

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

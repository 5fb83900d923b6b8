#!/bin/bash
# sandbox.sh LEFTOVERS NODE COMMAND...: runs a command in network, mount and process namespaces of its own, then
# writes what it left there to LEFTOVERS (JSON). Whatever happens, the kernel removes all of it when this ends: a
# crashed run of the tests leaves nothing on the machine, and a lab or daemon that runs beside it is not seen by it.
set -u
if [ "${GONA_SANDBOX:-}" != inside ]; then
  export GONA_SANDBOX=inside
  exec unshare --mount --net --pid --fork --kill-child --mount-proc "$0" "$@"
fi
leftovers=$1 node=$2
shift 2

# The machine's own BPF file systems are none of the tests' business.
while read -r _ _ _ _ mount _; do umount --lazy "$mount"; done < <(grep -e ' - bpf ' /proc/self/mountinfo)
# /run with its namespaces, labs and run dirs; /sys, which shows the network of whoever mounted it.
mount -t tmpfs gona-test /run && mkdir /run/netns /run/lock /run/tmp || exit 125
export TMPDIR=/run/tmp
mount -t sysfs sysfs /sys || exit 125
# Where the kernel has it: control groups are the machine's, so what a crashed run left of the tests' goes first.
mount -t cgroup2 cgroup2 /sys/fs/cgroup && rmdir /sys/fs/cgroup/gona/gona-* 2>/dev/null
ip link set lo up || exit 125

# Not exec: this shell is process 1 here and buries what the tests orphan.
"$@"
code=$?
"$node" "$(dirname "$0")/leftovers.mjs" "$leftovers" || code=125
exit $code

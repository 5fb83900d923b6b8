#!/bin/busybox sh
# First process of a test guest. Obeys the host over a virtio serial port: a line `<id> <base64 of a script>` is
# answered, when the script has ended, by `<id> <exit code> <base64 of its output>`. Scripts run side by side.
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /sbin /usr/bin /usr/sbin
/bin/busybox --install -s /bin
ln -s /bin/busybox /sbin/modprobe
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run

for module in $(cat /modules); do
  modprobe "$module" || echo "guest: no module $module"
done
ip link set lo up

port=
for name in /sys/class/virtio-ports/*/name; do
  [ "$(cat "$name")" = gona.control ] && port=/dev/$(basename "$(dirname "$name")")
done
[ -n "$port" ] || { echo "guest: no control port"; exit 1; }
exec 3<>"$port"

answer() {
  # One answer at a time: a line longer than a pipe buffer would mix with another's.
  until mkdir /run/answering 2>/dev/null; do sleep 0.01; done
  { printf '%s %s ' "$1" "$2"; base64 "$3" | tr -d '\n'; echo; } >&3
  rmdir /run/answering
}

obey() {
  printf %s "$2" | base64 -d >"/run/$1.sh"
  sh "/run/$1.sh" >"/run/$1.out" 2>&1 </dev/null 3<&-
  answer "$1" "$?" "/run/$1.out"
  rm -f "/run/$1.sh" "/run/$1.out"
}

: >/run/ready
answer ready 0 /run/ready
while read -r id script <&3; do
  obey "$id" "$script" &
done
poweroff -f

#!/bin/busybox sh
# First process of a driver domain's virtual machine. It joins trunks to devices and obeys the host over a virtio
# serial port, line by line (domain-channel.ts is the other end):
#   p N                           -> p N                      it lives
#   j ID TRUNK-MAC DEVICE-MAC MTU -> j ID ok DRIVER | j ID no WORDS
#   u ID                          -> u ID ok
#   x ID SCRIPT-IN-BASE64         -> x ID EXIT-CODE OUTPUT-IN-BASE64
#   s                             -> s (for each joined: c ID CARRIER)
# Told unasked: `c ID 1|0|gone` when a joined device's carrier changes, or its driver let it go.
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /sbin
/bin/busybox --install -s /bin
export PATH=/bin:/sbin HOME=/
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mkdir /run/joined

while read -r module; do
  insmod "/modules/$module" || echo "domain: no module $module"
done </modules/list

# Whatever goes wrong for good ends the machine: the host starts another one.
echo 1 >/proc/sys/kernel/panic_on_oops
echo 2 >/proc/sys/vm/panic_on_oom
echo 1 >/proc/sys/kernel/sysrq

port=
until [ -n "$port" ]; do
  for name in /sys/class/virtio-ports/*/name; do
    [ -e "$name" ] && [ "$(cat "$name")" = gona.control ] && port=/dev/$(basename "$(dirname "$name")")
  done
  [ -n "$port" ] || usleep 10000
done
exec 3<>"$port"

# Name of the link with a MAC, in `link`; empty: it is not there (yet).
find_link() {
  link=
  for at in /sys/class/net/*/address; do
    read -r mac <"$at" 2>/dev/null && [ "$mac" = "$1" ] && link=${at#/sys/class/net/} && link=${link%/address} && return
  done
}

await_link() {
  tries=0
  find_link "$1"
  while [ -z "$link" ] && [ $tries -lt 500 ]; do
    usleep 20000
    tries=$((tries + 1))
    find_link "$1"
  done
}

join() {
  await_link "$2"
  trunk=$link
  [ -n "$trunk" ] || { echo "j $1 no trunk with the MAC $2 appeared" >&3; return; }
  await_link "$3"
  [ -n "$link" ] || { echo "j $1 no device with the MAC $3 got a driver" >&3; return; }
  for each in "$trunk" "$link"; do
    echo "$4" >"/sys/class/net/$each/mtu"
    # IFF_UP, BROADCAST, PROMISC, MULTICAST: every frame is taken, whoever it is for.
    echo 0x1103 >"/sys/class/net/$each/flags" || { echo "j $1 no $each does not come up" >&3; return; }
  done
  # Each frame goes over as it is, whoever it is for: no learning, no table.
  for pair in "$trunk $link" "$link $trunk"; do
    echo "qdisc replace dev ${pair% *} clsact"
    echo "filter replace dev ${pair% *} ingress pref 1 matchall action mirred egress redirect dev ${pair#* }"
  done >"/run/batch-$1"
  # Busybox has a tc of its own that knows neither.
  if /sbin/tc -batch "/run/batch-$1" >"/run/words-$1" 2>&1; then
    driver=$(readlink "/sys/class/net/$link/device/driver")
    echo "$link" >"/run/joined/$1"
    echo "j $1 ok ${driver##*/}" >&3
  else
    echo "j $1 no $(head -n 1 "/run/words-$1")" >&3
  fi
}

unjoin() {
  rm -f "/run/joined/$1" "/run/carrier-$1"
  echo "u $1 ok" >&3
}

# Says `c` for each joined device that changed; `all`: for each.
look() {
  for at in /run/joined/*; do
    [ -e "$at" ] || continue
    id=${at##*/} now=gone
    read -r link <"$at"
    [ -e "/sys/class/net/$link/carrier" ] && { read -r now <"/sys/class/net/$link/carrier"; } 2>/dev/null
    was=
    [ -e "/run/carrier-$id" ] && read -r was <"/run/carrier-$id"
    if [ "$now" != "$was" ] || [ "$1" = all ]; then
      echo "$now" >"/run/carrier-$id"
      echo "c $id $now" >&3
    fi
  done
}

run() {
  echo "$2" | base64 -d >"/run/$1.sh"
  sh "/run/$1.sh" >"/run/$1.out" 2>&1 </dev/null 3<&-
  echo "x $1 $? $(base64 -w 0 "/run/$1.out")" >&3
  rm -f "/run/$1.sh" "/run/$1.out"
}

pings=0
while :; do
  while read -r word id one two three <&3; do
    case $word in
      p)
        echo "p $id" >&3
        pings=$((pings + 1))
        [ $((pings & 3)) = 0 ] && look
        ;;
      j) join "$id" "$one" "$two" "$three" & ;;
      u) unjoin "$id" ;;
      x) run "$id" "$one" & ;;
      s) look all; echo "s" >&3 ;;
    esac
  done
  # Nobody is there: a port without a host reads as ended.
  usleep 100000
done

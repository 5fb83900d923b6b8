"""Stands in for a hypervisor: holds a tap and writes frames into it. Run inside the tap's namespace.

Lines on standard input: open TAP | block (writes wait in the kernel, as no hypervisor's do) | close | forget (no limit of the send buffer) | sndbuf | write COUNT FRAME_HEX
Each is answered by one line on standard output: `ready`, the send buffer, or the seconds that the writing took.
"""
import fcntl, os, select, struct, sys, time

TUNSETIFF, TUNSETSNDBUF, TUNGETSNDBUF = 0x400454CA, 0x400454D4, 0x800454D3
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
tap = -1
for line in sys.stdin:
    words = line.split()
    answer = "ready"
    if words[0] == "open":
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", words[1].encode(), IFF_TAP | IFF_NO_PI))
        os.set_blocking(tap, False)
    elif words[0] == "block":
        os.set_blocking(tap, True)
    elif words[0] == "close":
        os.close(tap)
    elif words[0] == "forget":
        fcntl.ioctl(tap, TUNSETSNDBUF, struct.pack("i", 0x7FFFFFFF))
    elif words[0] == "sndbuf":
        answer = str(struct.unpack("i", fcntl.ioctl(tap, TUNGETSNDBUF, bytes(4)))[0])
    elif words[0] == "write":
        frame, begin, left = bytes.fromhex(words[2]), time.monotonic(), int(words[1])
        writable = select.poll()
        writable.register(tap, select.POLLOUT)
        while left > 0:
            try:
                os.write(tap, frame)
                left -= 1
            except BlockingIOError:
                writable.poll(5000)
        answer = f"{time.monotonic() - begin}"
    print(answer, flush=True)

"""
python3-pyroute2's view of a link's queues as JSON, or its way of making some.
Arguments: read or write, namespace, link.
"""

import json
import sys

from pyroute2 import NetNS


def attr(message, *path):
    for name in path:
        if message is None:
            return None
        message = message.get_attr(name)
    return message


def htb_class(message):
    # This pyroute2 does not know the 64-bit rates; the 32-bit fields are all ones then.
    parms = attr(message, "TCA_OPTIONS", "TCA_HTB_PARMS")
    names = ("rate", "ceil", "buffer", "cbuffer", "quantum", "prio")
    shape = {name: parms[name] for name in names}
    return {"classid": message["handle"], "parent": message["parent"], "leaf": message["info"], **shape}


def read(ns, ifindex):
    info = ns.get_links(ifindex)[0]
    return {
        "classes": [htb_class(c) for c in ns.get_classes(index=ifindex) if attr(c, "TCA_KIND") == "htb"],
        "qdiscs": [
            {"kind": attr(q, "TCA_KIND"), "parent": q["parent"], "handle": q["handle"]}
            for q in ns.get_qdiscs(index=ifindex)
        ],
        "link": {
            "name": attr(info, "IFLA_IFNAME"),
            "mac": attr(info, "IFLA_ADDRESS"),
            "mtu": attr(info, "IFLA_MTU"),
            "txqlen": attr(info, "IFLA_TXQLEN"),
            "kind": attr(info, "IFLA_LINKINFO", "IFLA_INFO_KIND"),
        },
    }


def write(ns, ifindex):
    ns.tc("add", "htb", ifindex, handle="9:", default=0x20)
    ns.tc("add-class", "htb", ifindex, handle="9:1", parent="9:", rate="2mbit", ceil="4mbit", prio=3, quantum=4096)
    return {}


def main():
    what, namespace, link = sys.argv[1:4]
    with NetNS(namespace) as ns:
        (ifindex,) = ns.link_lookup(ifname=link)
        print(json.dumps({"read": read, "write": write}[what](ns, ifindex)))


main()

"""Network: which of a node's interfaces gloo uses, where nobody has said."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

INTERFACE = "GLOO_SOCKET_IFNAME"
SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface


def choose_interface() -> None:
    """Has gloo use the interface from which this node reaches MASTER_ADDR.

    By itself gloo takes the address of the host's name, which on many systems is the loopback one: ranks of other nodes
    then wait in vain. Where the answer is no better, gloo's own choice stays.
    """
    if INTERFACE not in os.environ and (name := interface_towards(os.environ["MASTER_ADDR"])) is not None:
        os.environ[INTERFACE] = name


def interface_towards(host: str) -> str | None:
    """The name of the interface on the way to a host, None where that cannot be told or leads nowhere else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # sends nothing
            address: str = probe.getsockname()[0]
        except OSError:
            return None
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", name.encode()))
            except OSError:  # it has no address
                continue
            if socket.inet_ntoa(found[20:24]) == address and not address.startswith("127."):
                return name
    return None

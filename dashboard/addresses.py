"""The names and addresses by which this machine can be reached. Asks the system alone, never the network."""

import ipaddress
import socket
from collections.abc import Sequence

import psutil

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def own_addresses() -> list[Address]:
    """The addresses of all interfaces, IPv4 first; link-local ones, which need a zone, are left out."""
    texts = {
        one.address
        for interface in psutil.net_if_addrs().values()
        for one in interface
        if one.family in (socket.AF_INET, socket.AF_INET6) and "%" not in one.address
    }
    known = [ipaddress.ip_address(text) for text in texts]
    return sorted((one for one in known if not one.is_link_local), key=lambda one: (one.version, int(one)))


def own_names() -> list[str]:
    """The names that this machine gives itself."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return sorted({"localhost", name, short, f"{short}.local"} - {"", ".local"})


def address_for_others(bound: str, own: Sequence[Address]) -> str:
    """Where others, and this machine, find what is bound to an address: of all its own, one that is not loopback."""
    if not ipaddress.ip_address(bound).is_unspecified:
        return bound
    version = ipaddress.ip_address(bound).version
    wide = [one for one in own if not one.is_loopback and (one.version == 4 or version == 6)]
    return str(wide[0]) if wide else {4: "127.0.0.1", 6: "::1"}[version]

"""A bridge for a Docker daemon of our own, and what the daemon leaves in the firewall."""

from __future__ import annotations

import ipaddress
import json
import pathlib
import subprocess
from dataclasses import dataclass
from typing import Callable, Iterable, List

FORWARDING = pathlib.Path("/proc/sys/net/ipv4/ip_forward")
CANDIDATES = [f"172.30.{third}.0/24" for third in range(77, 250)]
TABLES = ("iptables", "ip6tables")


@dataclass(frozen=True)
class Before:
    """What a daemon is about to change."""

    forwarding: str
    drops: List[bool]


def free_subnet(routes: Iterable[str]) -> str:
    """Return a subnet that overlaps none of the given ones."""
    used = [ipaddress.ip_network(route, strict=False) for route in routes]
    for candidate in CANDIDATES:
        subnet = ipaddress.ip_network(candidate)
        if not any(subnet.version == other.version and subnet.overlaps(other) for other in used):
            return candidate
    raise RuntimeError("no subnet is free for the bridge of Docker")


def hardware_address(address: ipaddress.IPv4Address) -> str:
    """Return a hardware address that follows from an address, as Docker gives its containers'."""
    return ":".join(f"{byte:02x}" for byte in (0x02, 0x42, *address.packed))


def make_bridge(name: str) -> None:
    """Make the bridge with the first address of a free subnet, unless it is there.

    It has a hardware address of its own. Without one it takes the lowest of those of its
    containers, and with each change the others lose their way out for seconds.
    """
    if pathlib.Path("/sys/class/net", name).exists():
        return
    output = subprocess.check_output(["ip", "-json", "-4", "route"], text=True)
    routes = [route["dst"] for route in json.loads(output) if route["dst"] != "default"]
    subnet = ipaddress.IPv4Network(free_subnet(routes))
    first = next(iter(subnet.hosts()))
    for words in (
        ["link", "add", name, "address", hardware_address(first), "type", "bridge"],
        ["address", "add", f"{first}/{subnet.prefixlen}", "dev", name],
        ["link", "set", name, "up"],
    ):
        subprocess.run(["ip", *words], check=True)


def remove_bridge(name: str) -> None:
    """Remove the bridge if it is there."""
    if pathlib.Path("/sys/class/net", name).exists():
        subprocess.run(["ip", "link", "delete", name], check=True)


def look() -> Before:
    """Return what must be put back when the daemon has gone."""
    drops = [":FORWARD DROP" in _rules(table) for table in TABLES]
    return Before(FORWARDING.read_text().strip(), drops)


def put_back(before: Before, bridge: str, alone: bool) -> None:
    """Remove the rules of a daemon; what all daemons share only if it was `alone`."""
    for table, dropped in zip(TABLES, before.drops):
        rules = _rules(table)
        kept = without_bridge(rules, bridge)
        if alone:
            kept = without_docker(kept)
        if alone and not dropped:
            kept = kept.replace(":FORWARD DROP", ":FORWARD ACCEPT")
        if kept != rules:
            subprocess.run([f"{table}-restore"], input=kept, text=True, check=True)
    if alone and FORWARDING.read_text().strip() != before.forwarding:
        FORWARDING.write_text(before.forwarding)


def without_bridge(rules: str, bridge: str) -> str:
    """Return saved firewall rules without those of a bridge."""
    return _without(rules, lambda word: word == bridge)


def without_docker(rules: str) -> str:
    """Return saved firewall rules without the chains that Docker makes."""
    return _without(rules, lambda word: word.lstrip(":").startswith("DOCKER"))


def _without(rules: str, unwanted: Callable[[str], bool]) -> str:
    lines = rules.splitlines(keepends=True)
    return "".join(line for line in lines if not any(unwanted(word) for word in line.split()))


def _rules(table: str) -> str:
    done = subprocess.run([f"{table}-save"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""

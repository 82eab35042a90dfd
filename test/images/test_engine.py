"""What the engine does to the machine, as far as it can be told without doing it."""

from __future__ import annotations

import ipaddress
import pathlib
import subprocess
import sys

import pytest
from support.environment import environment

TOOLS = str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "images")
sys.path.insert(0, TOOLS)

import docker_network  # noqa: E402
from docker_daemon import Daemon, mounts_below  # noqa: E402
from machine_settings import apt_settings, pip_settings  # noqa: E402

RULES = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o lw-1 -j ACCEPT
-A INPUT -p tcp -j ACCEPT
COMMIT
"""

# A container that comes and goes, with the lowest hardware address of all.
COMING_AND_GOING = """
import json, subprocess
import docker_network

def ip(*words):
    return subprocess.check_output(["ip", "-json", *words], text=True)

def show():
    print(json.loads(ip("link", "show", "lw-test"))[0]["address"])

docker_network.make_bridge("lw-test")
show()
lowest = ("address", "02:00:00:00:00:01")
ip("link", "add", "outside", *lowest, "type", "veth", "peer", "name", "inside")
ip("link", "set", "outside", "master", "lw-test")
show()
ip("link", "delete", "outside")
show()
"""


def test_the_bridge_keeps_its_hardware_address_while_containers_come_and_go() -> None:
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", sys.executable, "-c", COMING_AND_GOING],
        env=environment({"PYTHONPATH": TOOLS}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, during, after = done.stdout.split()
    assert before == during == after
    # What no device of a machine and no container has: local, of the bridge's own address.
    assert before == docker_network.hardware_address(ipaddress.IPv4Address("172.30.77.1"))


def test_the_subnet_of_the_bridge_is_not_in_use() -> None:
    used = ["192.0.2.0/24", "172.30.77.0/25", "172.30.78.9"]
    subnet = ipaddress.ip_network(docker_network.free_subnet(used))
    assert not any(subnet.overlaps(ipaddress.ip_network(other)) for other in used)


def test_a_machine_that_uses_every_subnet_is_told_so() -> None:
    with pytest.raises(RuntimeError, match="no subnet is free"):
        docker_network.free_subnet(["172.16.0.0/12"])


def test_only_the_rules_of_the_bridge_go_when_another_docker_runs() -> None:
    kept = docker_network.without_bridge(RULES, "lw-1")
    assert kept == RULES.replace("-A FORWARD -o lw-1 -j ACCEPT\n", "")


def test_all_rules_of_docker_go_with_the_last_one() -> None:
    kept = docker_network.without_docker(docker_network.without_bridge(RULES, "lw-1"))
    assert "DOCKER" not in kept
    assert "-A INPUT -p tcp -j ACCEPT" in kept


def test_mounts_are_undone_from_the_inside() -> None:
    mountinfo = "".join(
        f"1 2 3:4 / {point} rw - ext4 x rw\n" for point in ("/", "/a/b", "/a/b/c\\040d", "/ab")
    )
    assert mounts_below(mountinfo, "/a") == ["/a/b/c d", "/a/b"]


def test_a_folder_too_deep_for_a_socket_is_refused() -> None:
    with pytest.raises(RuntimeError, match="too long"):
        Daemon(pathlib.Path("/", "x" * 80))


def test_apt_keeps_how_to_fetch_and_nothing_else() -> None:
    dump = 'APT::Architecture "amd64";\nAcquire::http::Proxy "http://p:1";\nDir "/";\n'
    settings = apt_settings(dump, {}).splitlines()
    assert settings[0] == 'Acquire::http::Proxy "http://p:1";'
    assert 'APT::Install-Recommends "false";' in settings
    assert 'Dir "/";' not in settings


def test_a_folder_of_this_machine_is_no_place_for_pip_to_look() -> None:
    settings = pip_settings({"timeout": "9"}, {"PIP_FIND_LINKS": "/opt/wheels"})
    assert settings == "[global]\ntimeout = 9\ncert = /etc/ssl/certs/ca-certificates.crt\n"


def test_variables_of_pip_win_over_its_files() -> None:
    settings = pip_settings({"index-url": "a"}, {"PIP_INDEX_URL": "b"})
    assert "index-url = b\n" in settings

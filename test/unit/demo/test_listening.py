"""What the demo listens on: its ports can all be chosen, and whoever starts it is told by what."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from liftwing_demo.listening import FLAGS, MAKE_VARIABLES, CannotListen, Listening
from support.environment import environment
from support.ports import free_port
from support.processes import ROOT


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def refusal(listening: Listening, setters: dict[str, str] = FLAGS) -> str:
    with pytest.raises(CannotListen) as caught:
        listening.require_free(setters)
    return str(caught.value)


def test_free_ports_are_no_trouble() -> None:
    Listening(http=free_port(), grpc=free_port(), wiki=free_port()).require_free(FLAGS)


@pytest.mark.parametrize("which", ["http", "grpc", "wiki"])
@pytest.mark.parametrize("setters", [FLAGS, MAKE_VARIABLES])
def test_a_taken_port_is_named_with_what_sets_another(
    which: str, setters: dict[str, str], taken: int
) -> None:
    ports = {name: free_port() for name in ("http", "grpc", "wiki")} | {which: taken}
    assert refusal(Listening(**ports), setters) == (  # type: ignore[arg-type]
        f"Port {taken} cannot be used: Address already in use. {setters[which]} sets another."
    )


def test_a_port_that_is_asked_for_twice_is_named_with_both() -> None:
    first, second = free_port(), free_port()
    told = refusal(Listening(http=first, grpc=second, wiki=second), MAKE_VARIABLES)
    assert told == f"Port {second} is asked for twice, by GRPC_PORT and by WIKI_PORT."


def test_each_port_of_the_outlink_pair_has_to_be_free_if_it_is_started(taken: int) -> None:
    ports = {"http": free_port(), "grpc": free_port(), "wiki": free_port()}
    Listening(**ports).require_free(FLAGS)  # type: ignore[arg-type]
    told = refusal(Listening(**ports, outlinks=taken - 3))  # type: ignore[arg-type]
    assert "--outlinks-port sets another." in told


def test_the_ports_of_front_and_eventgate_have_to_be_free_if_they_are_started(taken: int) -> None:
    ports = {"http": free_port(), "grpc": free_port(), "wiki": free_port()}
    told = refusal(Listening(**ports, front=taken - 1))  # type: ignore[arg-type]
    assert "--front-port sets another." in told


def test_what_is_no_port_and_no_address_of_this_machine_is_refused() -> None:
    assert refusal(Listening(http=65536)).startswith("Port 65536 cannot be used: ports end at")
    # TEST-NET-1, which no machine has.
    told = refusal(Listening(IPv4Address("192.0.2.1")), MAKE_VARIABLES)
    assert told.startswith("Nothing can listen on 192.0.2.1: ")
    assert told.endswith("LISTEN sets another address.")


def test_what_listens_everywhere_is_asked_on_the_loopback() -> None:
    everywhere = Listening(IPv4Address("0.0.0.0"), http=1, wiki=2)
    assert (everywhere.http_url, everywhere.wiki_url) == (
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
    )
    assert Listening(IPv4Address("192.0.2.1"), http=1).http_url == "http://192.0.2.1:1"


def made(*variables: str) -> dict[str, str]:
    """The options that `make run` would start the demo with."""
    make = shutil.which("make")
    assert make
    dry = subprocess.run(
        [make, "--dry-run", "run", *variables],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    _, started, options = dry.stdout.replace("\\\n", " ").partition("demo run --by-make ")
    assert started
    return dict(re.findall(r"(--[\w-]+) (\S+)", options))


def test_make_has_a_variable_for_each_port_and_the_address() -> None:
    values = {"host": "0.0.0.0", "http": "1", "grpc": "2", "wiki": "3", "outlinks": "4"}
    values["front"] = "8"
    options = made(*(f"{MAKE_VARIABLES[which]}={value}" for which, value in values.items()))
    assert options == {FLAGS[which]: value for which, value in values.items()}


def test_make_listens_on_the_loopback_and_on_the_default_ports() -> None:
    defaults = Listening(outlinks=8082, front=8086)
    assert made() == {FLAGS[which]: str(getattr(defaults, which)) for which in FLAGS}


def test_a_second_demo_takes_the_grpc_port_after_its_http_port() -> None:
    assert made("PORT=8081")["--grpc-port"] == "8082"
    assert made("PORT=8081")["--outlinks-port"] == "8083"
    assert made("PORT=8081")["--front-port"] == "8087"

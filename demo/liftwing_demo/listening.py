"""The address and the ports that the demo listens on."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

LOOPBACK = IPv4Address("127.0.0.1")

# What sets each, by who started the demo.
FLAGS = {
    "host": "--host",
    "http": "--port",
    "grpc": "--grpc-port",
    "wiki": "--wiki-port",
    "outlinks": "--outlinks-port",
    "front": "--front-port",
}
MAKE_VARIABLES = {
    "host": "LISTEN",
    "http": "PORT",
    "grpc": "GRPC_PORT",
    "wiki": "WIKI_PORT",
    "outlinks": "OUTLINKS_PORT",
    "front": "FRONT_PORT",
}


class CannotListen(Exception):
    """An address or a port cannot be had; the text names it and what sets another."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The address of all, the two ports of the model server and the one of the wiki.

    `outlinks` is the first of four for the outlink pair, if it is started: the transformer's two,
    then its predictor's. `front` is likewise the first of two: the front's, then the EventGate's.
    """

    host: IPv4Address = LOOPBACK
    http: int = 8080
    grpc: int = 8081
    wiki: int = 8090
    outlinks: int | None = None
    front: int | None = None

    @property
    def http_url(self) -> str:
        """Where this machine reaches the model server."""
        return f"http://{self._reached}:{self.http}"

    @property
    def outlinks_url(self) -> str:
        """Where this machine reaches the outlink transformer."""
        return f"http://{self._reached}:{self.outlink_ports[0]}"

    @property
    def predictor(self) -> str:
        """Host and port of the outlink predictor, as this machine reaches it."""
        return f"{self._reached}:{self.outlink_ports[2]}"

    @property
    def outlink_ports(self) -> list[int]:
        """HTTP and gRPC of the transformer, then of the predictor; empty if there are none."""
        return [] if self.outlinks is None else [self.outlinks + place for place in range(4)]

    @property
    def front_ports(self) -> list[int]:
        """The front's and the EventGate's; empty if they are not started."""
        return [] if self.front is None else [self.front, self.front + 1]

    @property
    def front_url(self) -> str:
        """Where this machine reaches the front."""
        return f"http://{self._reached}:{self.front_ports[0]}"

    @property
    def eventgate_url(self) -> str:
        """Where this machine reaches the EventGate."""
        return f"http://{self._reached}:{self.front_ports[1]}"

    @property
    def wiki_url(self) -> str:
        """Where this machine reaches the wiki."""
        return f"http://{self._reached}:{self.wiki}"

    @property
    def _reached(self) -> IPv4Address:
        return LOOPBACK if self.host.is_unspecified else self.host

    def require_free(self, setters: Mapping[str, str]) -> None:
        """Raises CannotListen if something is taken or asked for twice.

        `setters` are the names of flags or variables for it to name, as in FLAGS.
        """
        if problem := self._problem(0):
            raise CannotListen(
                f"Nothing can listen on {self.host}: {problem}. "
                f"{setters['host']} sets another address."
            )
        asked: dict[int, str] = {}
        ports = [(which, getattr(self, which)) for which in ("http", "grpc", "wiki")]
        ports += [("outlinks", port) for port in self.outlink_ports]
        ports += [("front", port) for port in self.front_ports]
        for which, port in ports:
            setter = setters[which]
            if other := asked.get(port):
                raise CannotListen(f"Port {port} is asked for twice, by {other} and by {setter}.")
            if problem := self._problem(port):
                raise CannotListen(f"Port {port} cannot be used: {problem}. {setter} sets another.")
            asked[port] = setter

    def _problem(self, port: int) -> str | None:
        """Why nothing can listen on the port, if nothing can; on port 0: on none of them."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((str(self.host), port))
            except OSError as error:
                return error.strerror
            except OverflowError:
                return "ports end at 65535"
        return None

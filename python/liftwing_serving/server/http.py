"""KServe's HTTP side inside this project's middleware and error answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from kserve import model_server
from kserve.protocol.rest.server import RESTServer

from liftwing_serving.server import failures
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.middleware import Entrance


class _UvicornServer(uvicorn.Server):
    """Uvicorn without signal handlers: the lifecycle decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer(RESTServer):  # type: ignore[misc]
    """Answers HTTP from a data plane. `options` are those of KServe's RESTServer."""

    def __init__(
        self, data_plane: LiftwingDataPlane, port: int, max_body_bytes: int, **options: Any
    ) -> None:
        super().__init__("kserve.model_server:app", data_plane, None, port, **options)
        self._server = _UvicornServer(self.config)
        self._max_body_bytes = max_body_bytes

    @property
    def uvicorn(self) -> uvicorn.Server:
        """The server that `serve`s and whose `should_exit` stops it."""
        return self._server

    def create_application(self) -> None:
        """KServe's application inside our middleware, which thus sees answers to defects too."""
        super().create_application()
        self.config.app = Entrance(model_server.app, self._max_body_bytes)

    def _add_middlewares(self, app: FastAPI) -> None:
        """None of KServe's, which logs two lines of timings for each request."""

    def _add_exception_handlers(self, app: FastAPI) -> None:
        super()._add_exception_handlers(app)
        failures.add_handlers(app)

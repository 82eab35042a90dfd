"""Starts the server of a plain model: what its model.py calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from liftwing_serving import server
from liftwing_serving.plain.model import PlainModel, Read
from liftwing_serving.plain.settings import PlainSettings
from liftwing_serving.settings import SettingsError
from liftwing_serving.workers import HandlerSpec, make_runners

ANY_OBJECT: Mapping[str, Any] = {"type": "object"}


def serve(
    name: str,
    handler: str,
    read: Read,
    request_schema: Mapping[str, Any] = ANY_OBJECT,
    answer_schema: Mapping[str, Any] = ANY_OBJECT,
    arguments: Sequence[str] | None = None,
) -> None:
    """Serve one model until told to stop; exits the process.

    `read` makes of a request's JSON object what a worker is given, or raises BadRequest. `handler`
    is `module:callable`, where the module may stand beside the program: it is called in a worker
    with the model's path, and returns a `workers.Handler`, which makes of what was read the
    answer's JSON object. The schemas are those of the two objects. `arguments` are KServe's flags,
    this process's own by default. Raises OSError if no process can be started.
    """
    settings = server.begin(PlainSettings)
    with server.nonsense_ends_it():
        if not settings.model_path.is_file():
            raise SettingsError(f"MODEL_PATH: there is no model file {settings.model_path}.")
    folder = str(Path(sys.argv[0]).resolve().parent)
    # The worker template loads the model while KServe is imported here.
    runners = make_runners(settings, HandlerSpec(handler, settings.model_path, folder))

    @asynccontextmanager
    async def servables(flags: argparse.Namespace) -> AsyncIterator[list[server.Servable[Any]]]:
        try:
            await runners.start()
            yield [PlainModel(name, runners, read, (request_schema, answer_schema))]
        finally:
            await runners.close()

    server.run([name], servables, settings, sys.argv[1:] if arguments is None else arguments)

"""Starts the outlink servers: what model.py and transformer.py call."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

from liftwing_serving import server
from liftwing_serving.events import open_sender
from liftwing_serving.mediawiki import Api, Links
from liftwing_serving.outbound import open_session
from liftwing_serving.outlink.clients import PredictorClient, client_for
from liftwing_serving.outlink.predictor import LocalPredictor, Predictor
from liftwing_serving.outlink.settings import PredictorSettings, TransformerSettings
from liftwing_serving.outlink.topics import MODEL
from liftwing_serving.outlink.transformer import Publishing, Transformer
from liftwing_serving.settings import SettingsError, load_settings
from liftwing_serving.workers import HandlerSpec, make_runners

HANDLER = "liftwing_serving.outlink.handler:make_handler"


def serve_predictor(arguments: Sequence[str] | None = None) -> None:
    """Serve the fastText model until told to stop; exits the process.

    With the flag `--with_transformer` clients are answered as the transformer does. `arguments` are
    KServe's flags, this process's own by default. Raises OSError if no process can be started.
    """
    settings = server.begin(PredictorSettings)
    with server.nonsense_ends_it():
        if not settings.model_path.is_file():
            raise SettingsError(f"MODEL_PATH: there is no model file {settings.model_path}.")
    # The worker template loads the model while KServe is imported here.
    runners = make_runners(settings, HandlerSpec(HANDLER, settings.model_path))

    @asynccontextmanager
    async def servables(flags: argparse.Namespace) -> AsyncIterator[list[server.Servable[Any]]]:
        async with AsyncExitStack() as opened:
            predictor = Predictor(runners.inference, settings.asyncio_aux_workers)
            opened.push_async_callback(predictor.close)
            await runners.start()
            if not flags.with_transformer:
                yield [predictor]
                return
            beside = load_settings(TransformerSettings)
            session = await opened.enter_async_context(open_session())
            yield [await _open_transformer(opened, beside, session, LocalPredictor(predictor))]

    server.run([MODEL], servables, settings, _arguments(arguments), _add_flags)


def serve_transformer(arguments: Sequence[str] | None = None) -> None:
    """Serve the transformer until told to stop; exits the process.

    The flag `--predictor_host` names its predictor. `arguments` as for `serve_predictor`.
    """
    settings = server.begin(TransformerSettings)

    @asynccontextmanager
    async def servables(flags: argparse.Namespace) -> AsyncIterator[list[server.Servable[Any]]]:
        async with AsyncExitStack() as opened:
            session = await opened.enter_async_context(open_session())
            client = client_for(flags, session)
            opened.push_async_callback(client.close)
            yield [await _open_transformer(opened, settings, session, client)]

    server.run([MODEL], servables, settings, _arguments(arguments))


async def _open_transformer(
    opened: AsyncExitStack,
    settings: TransformerSettings,
    session: aiohttp.ClientSession,
    client: PredictorClient,
) -> Transformer:
    sender = await opened.enter_async_context(open_sender(settings, session))
    publishing = None
    if sender is not None:
        publishing = Publishing(sender, settings.eventgate_stream or "", settings.model_version)
    wiki_url = str(settings.wiki_url) if settings.wiki_url else None
    return Transformer(Links(Api.of(session, settings)), client, wiki_url, publishing)


def _arguments(given: Sequence[str] | None) -> Sequence[str]:
    return sys.argv[1:] if given is None else given


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--with_transformer",
        action="store_true",
        help="Answer as the transformer does, in this process.",
    )

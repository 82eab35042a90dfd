"""Starts a model server of a revscoring family: what each family's model.py calls."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from liftwing_serving import logs
from liftwing_serving.corpora import folders_of, recorded_source
from liftwing_serving.mediawiki import MediaWiki, Wiki
from liftwing_serving.mediawiki.retries import RetryPolicy
from liftwing_serving.outbound import open_session
from liftwing_serving.revscoring.engine import Engine, make_engine
from liftwing_serving.revscoring.names import Family, ServiceName, parse_names
from liftwing_serving.revscoring.tasks import ModelFile
from liftwing_serving.settings import Settings, SettingsError, load_settings
from liftwing_serving.worker import HandlerSpec

logger = logging.getLogger(__name__)

DEFAULT_MODELS = Path("/mnt/models")
HANDLER = "liftwing_serving.revscoring.loading:make_handler"


def serve(family: Family) -> None:
    """Serve the models that the environment names until told to stop."""
    # The first process of a container ignores what it has no handler for.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        settings = load_settings()
        names = parse_names(settings.inference_name, family)
        files = model_files(settings, names)
    except SettingsError as error:
        sys.exit(f"{error}")
    logs.configure(
        settings.kserve_loglevel, settings.framework_log_level, settings.access_log_level
    )
    warn_of_stand_ins(os.environ.get("NLTK_DATA", ""))
    # Numeric libraries read it when they are imported, some of them along with KServe.
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.num_threads))
    # The template loads its three seconds' worth while KServe is imported here.
    engine = make_engine(settings, HandlerSpec(HANDLER, files))
    _run_server(settings, names, engine)


def model_files(settings: Settings, names: list[ServiceName]) -> list[ModelFile]:
    """Where each model lies and which version it reports. Raises SettingsError."""
    if len(names) == 1:
        path = settings.model_path or DEFAULT_MODELS / "model.bin"
        files = [ModelFile(str(names[0]), path, settings.model_version)]
    else:
        if settings.model_version is not None:
            raise SettingsError("MODEL_VERSION: is for one model; INFERENCE_NAME has several.")
        folder = settings.model_path or DEFAULT_MODELS
        files = [ModelFile(str(name), folder / str(name) / "model.bin") for name in names]
    for file in files:
        if not file.path.is_file():
            raise SettingsError(f"MODEL_PATH: there is no model file {file.path}.")
    return files


def warn_of_stand_ins(nltk_data: str) -> None:
    """Say in the log which folders of corpora would make scores differ from production's."""
    for folder in folders_of(nltk_data):
        if recorded_source(folder) == "stand-in":
            logger.warning("%s holds stand-in stop words: scores differ from production's", folder)


def _run_server(settings: Settings, names: list[ServiceName], engine: Engine) -> None:
    # Importing KServe takes seconds, so it waits until the template has been started.
    from liftwing_serving.revscoring.emit import score_events
    from liftwing_serving.revscoring.model import RevscoringModel
    from liftwing_serving.revscoring.service import ScoringService
    from liftwing_serving.server import Servable, run

    @asynccontextmanager
    async def models() -> AsyncIterator[list[Servable]]:
        async with open_session() as session:
            wiki = Wiki(str(settings.wiki_url), settings.wiki_host)
            retries = RetryPolicy(settings.mw_api_max_retries, settings.mw_api_retry_base_delay)
            mediawiki = MediaWiki(wiki, session, settings.aiohttp_client_timeout, retries)
            service = ScoringService(names[0].wiki, mediawiki, engine)
            async with score_events(settings, session) as events:
                try:
                    await service.start()
                    yield [RevscoringModel(name, service, settings, events) for name in names]
                finally:
                    await service.close()

    run([str(name) for name in names], models, settings)

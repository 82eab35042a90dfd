"""Starts a model server of a revscoring family."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from liftwing_serving import server
from liftwing_serving.cache import open_cache
from liftwing_serving.events import open_sender
from liftwing_serving.mediawiki import Api, Revisions, Wiki
from liftwing_serving.outbound import open_session
from liftwing_serving.preloading import Preloading
from liftwing_serving.revscoring import several
from liftwing_serving.revscoring.corpora import folders_of, stand_ins_of
from liftwing_serving.revscoring.families import Family, corpora_of, file_name, settings_of
from liftwing_serving.revscoring.kept import KeptScores
from liftwing_serving.revscoring.model import RevscoringModel
from liftwing_serving.revscoring.names import ServiceName, parse_names
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.settings import EmbeddingSettings, RevscoringSettings
from liftwing_serving.revscoring.tasks import Extraction, Loading, ModelFile
from liftwing_serving.server import Servable
from liftwing_serving.settings import SettingsError
from liftwing_serving.workers import HandlerSpec, Runners, make_runners

logger = logging.getLogger(__name__)

DEFAULT_MODELS = Path("/mnt/models")
HANDLER = "liftwing_serving.revscoring.loading:load"


def serve(
    families: Sequence[Family],
    arguments: Sequence[str] | None,
    preloading: Preloading,
    **given: object,
) -> None:
    """See `serving.serve`; `preloading` has begun to import for the template."""
    settings = server.begin(settings_of(families), **given)
    with server.nonsense_ends_it():
        names = parse_names(settings.inference_name, families)
        files = model_files(settings, names)
    warn_of_stand_ins(settings.nltk_data, names)
    # Numeric libraries read it when they are imported; KServe imports some of them.
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.num_threads))
    # The template loads its part while KServe is imported here.
    loading = HandlerSpec(HANDLER, Loading(files, extraction_of(settings)))
    runners = make_runners(settings, loading, preloading)

    @asynccontextmanager
    async def models(flags: argparse.Namespace) -> AsyncIterator[list[Servable[Any]]]:
        async with AsyncExitStack() as opened:
            yield await _open_models(opened, settings, names, runners)

    arguments = sys.argv[1:] if arguments is None else arguments
    server.run([*map(str, names), several.ROUTE], models, settings, arguments)


def model_files(settings: RevscoringSettings, names: list[ServiceName]) -> list[ModelFile]:
    """Where each model is and which version it reports, in the order of `names`.

    Raises SettingsError if a file is missing or MODEL_VERSION is set for several models.
    """
    if len(names) == 1:
        paths = [settings.model_path or DEFAULT_MODELS / file_name(names[0].kind)]
    elif settings.model_version is not None:
        raise SettingsError("MODEL_VERSION: is for one model; INFERENCE_NAME has several.")
    else:
        folder = settings.model_path or DEFAULT_MODELS
        paths = [folder / str(name) / file_name(name.kind) for name in names]
    embeddings = settings.word2vec_path if isinstance(settings, EmbeddingSettings) else None
    files = [
        ModelFile(str(name), path, settings.model_version, embeddings)
        for name, path in zip(names, paths)
    ]
    for file in files:
        try:
            found = file.path.is_file()
        except OSError as error:
            raise SettingsError(f"MODEL_PATH: {file.path}: {error.strerror}.") from None
        if not found:
            raise SettingsError(f"MODEL_PATH: there is no model file {file.path}.")
    return files


def extraction_of(settings: RevscoringSettings) -> Extraction:
    """How workers are to extract features."""
    return Extraction(
        settings.accelerated_extraction,
        settings.kept_revisions_bytes,
        settings.checked_extractions,
    )


def warn_of_stand_ins(nltk_data: str, names: Sequence[ServiceName]) -> None:
    """Say in the log which corpora would make the models' scores differ from production's."""
    read = {corpus for name in names for corpus in corpora_of(name.kind)}
    for corpus, folder in stand_ins_of(folders_of(nltk_data), read):
        logger.warning("%s holds a stand-in for %s: %s", folder, corpus.name, corpus.effect)


async def _open_models(
    opened: AsyncExitStack,
    settings: RevscoringSettings,
    names: list[ServiceName],
    runners: Runners,
) -> list[Servable[Any]]:
    """The models and their common route, and what they share, which is closed with `opened`.

    Raises TemplateFailed, OSError.
    """
    session = await opened.enter_async_context(open_session())
    sender = await opened.enter_async_context(open_sender(settings, session))
    wiki = Wiki(str(settings.wiki_url), settings.wiki_host)
    revisions = Revisions(wiki, Api.of(session, settings))
    kept = KeptScores(await opened.enter_async_context(open_cache(settings)))
    scorer = Scorer(revisions, runners, settings.mwapi_revid_content_threshold_bytes, kept)
    opened.push_async_callback(scorer.close)
    await scorer.start()
    together = several.SeveralModels(names, scorer, settings.max_instances)
    stream = settings.eventgate_stream
    return [*(RevscoringModel(name, scorer, sender, stream) for name in names), together]

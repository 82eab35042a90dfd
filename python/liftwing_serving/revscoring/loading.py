"""Where the template process begins: imports the revscoring library and loads the models."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from liftwing_serving.revscoring.tasks import Extraction, Loading, ModelFile

if TYPE_CHECKING:
    from liftwing_serving.revscoring.handler import RevscoringHandler


def preload() -> None:
    """Import what every model needs, before it is known which ones are served."""
    # revscoring asks setuptools for versions; requirements/ keeps setuptools old enough for it.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    from liftwing_serving.revscoring import handler  # noqa: F401


def load(loading: Loading) -> RevscoringHandler:
    """Factory named in the pool's HandlerSpec. Raises what `make_handler` raises."""
    return make_handler(loading.files, loading.extraction)


def make_handler(
    files: Sequence[ModelFile], extraction: Extraction = Extraction()
) -> RevscoringHandler:
    """The handler of some models. Raises what LoadedModel raises, and EmbeddingsUnusable."""
    preload()
    from liftwing_serving.revscoring import embeddings
    from liftwing_serving.revscoring.handler import RevscoringHandler

    # Before a model is unpickled, which imports its feature list.
    embeddings.install({file.embeddings for file in files if file.embeddings})
    return RevscoringHandler(files, extraction)

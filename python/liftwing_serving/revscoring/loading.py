"""Where the template process begins: imports the revscoring library and loads the models."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from liftwing_serving.revscoring.tasks import ModelFile

if TYPE_CHECKING:
    from liftwing_serving.revscoring.handler import RevscoringHandler


def make_handler(files: Sequence[ModelFile]) -> RevscoringHandler:
    """Factory named in the pool's HandlerSpec. Raises what LoadedModel raises,
    and EmbeddingsUnusable."""
    # revscoring asks setuptools for versions; requirements/ keeps setuptools old enough for it.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    from liftwing_serving.revscoring import embeddings
    from liftwing_serving.revscoring.handler import RevscoringHandler

    # Before a model is unpickled, which imports its feature list.
    embeddings.install({file.embeddings for file in files if file.embeddings})
    return RevscoringHandler(files)

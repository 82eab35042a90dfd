"""What a server of a revscoring family reads from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from liftwing_serving.settings import (
    CacheSettings,
    EventSettings,
    ServerSettings,
    Settings,
    WikiSettings,
    WorkerSettings,
)


class CorporaSettings(Settings):
    """Corpora that features read."""

    nltk_data: str = ""
    """Folders of NLTK's corpora, with colons between; `/usr/share/nltk_data` in images. A server
    says at its start which of the corpora that its models read are stand-ins."""


class ExtractionSettings(Settings):
    """Feature extraction."""

    accelerated_extraction: bool = True
    """Extract features faster than the revscoring library, with the same values. False: all of it
    by the library."""

    kept_revisions_bytes: Annotated[int, Field(ge=0)] = 16 << 20
    """Bytes, about, that each worker has for what it found in the last revisions: they are the
    parents of the edits that follow."""

    checked_extractions: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the extractions that the library does as well, to compare. Its values are then the
    answer; a difference is logged, and counted in `liftwing_extraction_checks_total`."""


class RevscoringSettings(
    ServerSettings,
    WikiSettings,
    WorkerSettings,
    CacheSettings,
    EventSettings,
    CorporaSettings,
    ExtractionSettings,
):
    """The models of a revscoring family."""

    inference_name: str
    """Which models to serve: `{wiki}-{model}`, or several of one wiki with commas between."""

    model_path: Path | None = None
    """The model file, `/mnt/models/model.bin` by default (`model.bz2` for draftquality). With
    several models the directory that holds `{name}/model.bin`, `/mnt/models` by default."""

    model_version: str | None = None
    """Version to report instead of the model's own. Refused with several models."""

    mwapi_revid_content_threshold_bytes: Annotated[int, Field(ge=0)] = 100_000
    """Bytes of revision and parent together from which a revision counts as heavy. The work for a
    heavy revision is paused while light ones need its core."""


class EmbeddingSettings(Settings):
    """Word embeddings that features read."""

    word2vec_path: Path = Path("/mnt/models/word2vec")
    """Folder of the `*.kv` files. What is not there is looked for where revscoring does: in
    `word2vec` of the working directory, `~/.word2vec` and `/var/share/word2vec`."""


class TopicSettings(RevscoringSettings, EmbeddingSettings):
    """The models of topics."""

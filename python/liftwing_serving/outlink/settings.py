"""What the outlink predictor and its transformer read from the environment."""

from __future__ import annotations

from pathlib import Path

from liftwing_serving.settings import (
    BaseUrl,
    EventSettings,
    MediaWikiSettings,
    ServerSettings,
    Settings,
    WorkerSettings,
)


class PredictorSettings(ServerSettings, WorkerSettings):
    """The outlink predictor."""

    model_path: Path = Path("/mnt/models/model.bin")
    """The fastText model."""


class TransformerSettings(ServerSettings, MediaWikiSettings, EventSettings):
    """The outlink transformer."""

    wiki_url: BaseUrl | None = None
    """Base URL of a MediaWiki that answers for all Wikipedias, each by its Host header; without it
    each Wikipedia is asked at its own host over HTTPS."""

    model_version: str = "unknown"
    """Version of the predictor's model, for events."""


def settings_by_image() -> dict[str, type[Settings]]:
    """What each image reads from the environment, by the image's name."""
    return {"outlink": PredictorSettings, "outlink-transformer": TransformerSettings}

"""What a plain model's server reads from the environment."""

from __future__ import annotations

from pathlib import Path

from liftwing_serving.settings import ServerSettings, WorkerSettings


class PlainSettings(ServerSettings, WorkerSettings):
    """A plain model."""

    model_path: Path = Path("/mnt/models/model.bin")
    """The model's file."""

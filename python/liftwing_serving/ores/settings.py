"""What the front reads from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from liftwing_serving.ores.page.settings import PageSettings
from liftwing_serving.settings import ServerSettings, Settings


class OresSettings(PageSettings, ServerSettings):
    """The front."""

    model_servers: str = ""
    """Which server has which model: entries `PATTERN URL [HOST]` with commas or line ends between,
    the first that fits counts; see docs/ores.md."""

    model_servers_file: Path | None = None
    """A file of such entries, one a line, which come after those of MODEL_SERVERS; what follows a
    `#` is a comment."""

    max_calls_per_server: Annotated[int, Field(ge=1)] = 200
    """Calls to one model server that may be under way; a further request for it is answered with
    503, and those for other servers do not wait for it."""


def settings_by_image() -> dict[str, type[Settings]]:
    """What the image reads from the environment, by the image's name."""
    return {"ores": OresSettings}

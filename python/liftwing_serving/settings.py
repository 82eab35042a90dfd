"""Every environment variable a model server reads, typed, in one place.

docs/configuration.md is made from this class (`python -m liftwing_serving.settings`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from liftwing_serving.cgroups import available_cores

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegativeSeconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
LogLevel = Annotated[str, Field(pattern="^(?i:DEBUG|INFO|WARNING|ERROR|CRITICAL)$")]


class Settings(BaseSettings):
    """The settings of one model server, read from the environment when it starts."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True, extra="ignore", frozen=True, env_ignore_empty=True
    )

    inference_name: str
    """Which models to serve: `{wiki}-{model}`, or several of one wiki with commas between."""

    wiki_url: AnyHttpUrl
    """Base URL of the MediaWiki to ask; `/w/api.php` is appended."""

    wiki_host: str | None = None
    """Host header for MediaWiki calls, where it differs from the URL's own host."""

    model_path: Path | None = None
    """The model file, `/mnt/models/model.bin` by default. With several models the directory
    that holds `{name}/model.bin`, `/mnt/models` by default."""

    model_version: str | None = None
    """Version to report instead of the model's own. Refused with several models."""

    eventgate_url: AnyHttpUrl | None = None
    """Where score events go, in full. With EVENTGATE_STREAM set too, a request that carries an
    event also produces one."""

    eventgate_stream: str | None = None
    """The stream that score events name."""

    aiohttp_client_timeout: Seconds = 5.0
    """Seconds that one call to MediaWiki or EventGate may take, connection included."""

    mw_api_max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a MediaWiki call that may succeed on a second try is repeated."""

    mw_api_retry_base_delay: NotNegativeSeconds = 0.5
    """Seconds before the first repetition, doubled for each further one, with jitter."""

    asyncio_use_process_pool: bool = True
    """Extraction and scoring in worker processes. False: in a thread of the server, to debug."""

    asyncio_aux_workers: Annotated[int, Field(ge=1, le=256)] = Field(
        default_factory=available_cores
    )
    """How many worker processes; as many as the container has cores by default."""

    preprocess_mp: bool = True
    """Feature extraction in the worker processes. False: in a thread of the server."""

    inference_mp: bool = True
    """Scoring in the worker processes. False: in a thread of the server."""

    mwapi_revid_content_threshold_bytes: Annotated[int, Field(ge=0)] = 100_000
    """Bytes of revision and parent together from which a revision counts as heavy. Heavy
    revisions never take all workers, so that light ones do not wait behind them."""

    num_threads: Annotated[int, Field(ge=1)] = Field(default_factory=available_cores)
    """Threads of the numeric libraries in the server process. Workers always use one each."""

    request_deadline_seconds: Seconds = 30.0
    """Seconds for all work of one request, retries included; then it is answered with 503."""

    max_body_bytes: Annotated[int, Field(ge=1)] = 1 << 20
    """Bytes of a request's body; a larger one is answered with 413 unread."""

    drain_delay_seconds: NotNegativeSeconds = 5.0
    """After SIGTERM: seconds to be not ready but still accepting requests."""

    shutdown_grace_seconds: NotNegativeSeconds = 25.0
    """Then: seconds to finish what is in flight."""

    log_json_payload: bool = False
    """Log request payloads, redacted and bounded."""

    kserve_loglevel: LogLevel = "INFO"
    """Level of this project's and KServe's own log lines."""

    framework_log_level: LogLevel = "INFO"
    """Level of the libraries' log lines."""

    access_log_level: LogLevel = "WARNING"
    """Level of uvicorn's access log; INFO shows a line per request."""


class SettingsError(Exception):
    """The environment does not make sense; the text names each variable and what is wrong."""


def load_settings() -> Settings:
    """The settings from the environment. Raises SettingsError."""
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        lines = [f"{_variable(problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "environment"


def as_markdown() -> str:
    """The table of docs/configuration.md."""
    rows = ["| name | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        meaning = " ".join((field.description or "").split())
        rows.append(f"| {name.upper()} | {_default(name)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "the container's cores"
    return "none" if field.default is None else f"`{field.default}`"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())

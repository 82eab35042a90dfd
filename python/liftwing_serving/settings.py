"""What model servers read from the environment, typed: a class for each concern.

A family composes those that it uses with fields of its own (`class RevscoringSettings(
ServerSettings, WikiSettings, ...)`) and passes the whole on; each part of the package asks only for
the class that concerns it. Nothing else reads the environment. `liftwing-serving settings
--markdown` prints the tables of docs/configuration.md from these classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from liftwing_serving.cgroups import available_cores

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegativeSeconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_LABEL = r"[A-Za-z0-9_-]{1,63}"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")


def _sendable_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError("is no host name, with a port or without")
    return host


def _plain_text(value: object) -> object:
    # The parser of URLs would leave out line ends and strip spaces without a word.
    if isinstance(value, str) and not (value.isprintable() and " " not in value):
        raise ValueError("has spaces or line ends in it")
    return value


def _reachable(url: AnyHttpUrl) -> AnyHttpUrl:
    _sendable_host(url.host or "")
    return url


def _base(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.query is not None or url.fragment is not None:
        raise ValueError("is a base URL: nothing may follow its path")
    return url


def _redis_database(url: str) -> str:
    parts = urlsplit(url)
    wrong = parts.query or parts.fragment or not re.fullmatch("(/[0-9]*)?", parts.path)
    # Reading the port fails if it is none.
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.port == 0 or wrong:
        raise ValueError("is no address like redis://host:6379/0")
    return url


# What becomes a header or an address is checked here: later it would be a failure of each request.
HeaderHost = Annotated[str, AfterValidator(_sendable_host)]
Url = Annotated[AnyHttpUrl, BeforeValidator(_plain_text), AfterValidator(_reachable)]
RedisUrl = Annotated[str, BeforeValidator(_plain_text), AfterValidator(_redis_database)]
BaseUrl = Annotated[Url, AfterValidator(_base)]

LogLevel = Annotated[str, Field(pattern="^(?i:DEBUG|INFO|WARNING|ERROR|CRITICAL)$")]


Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^\s/,*]+)$")]


def _parts(value: object) -> object:
    """What stands between the commas of a variable's text."""
    return tuple(map(str.strip, value.split(","))) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Base of all classes of settings; each field's meaning stands under it."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True, extra="ignore", frozen=True, env_ignore_empty=True
    )


class ServerSettings(Settings):
    """Answering requests, starting and stopping, logs."""

    request_deadline_seconds: Seconds = 30.0
    """Seconds for all work of one request, retries included; then it is answered with 503. Its body
    has as long to arrive."""

    # What gRPC can count.
    max_body_bytes: Annotated[int, Field(ge=1, lt=1 << 31)] = 1 << 20
    """Bytes of a request's body; a larger one is answered with 413 unread."""

    max_instances: Annotated[int, Field(ge=1)] = 500
    """Instances of one request; more are answered with 413. In V2 they are a tensor's elements."""

    drain_delay_seconds: NotNegativeSeconds = 5.0
    """After SIGTERM: seconds to be not ready but still accepting requests. SIGINT or a second
    SIGTERM ends them."""

    shutdown_grace_seconds: NotNegativeSeconds = 25.0
    """Then: seconds to finish what is in flight, and to close; what is left is answered with 503. A
    further signal ends them."""

    cors_allowed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_parts)] = ()
    """Origins whose pages may call, with commas between, or `*`; their OPTIONS requests are
    answered."""

    log_json_payload: bool = False
    """Log request payloads, redacted and bounded."""

    kserve_loglevel: LogLevel = "INFO"
    """Level of this project's and KServe's own log lines."""

    framework_log_level: LogLevel = "INFO"
    """Level of the libraries' log lines."""

    access_log_level: LogLevel = "WARNING"
    """Level of uvicorn's access log; INFO shows a line per request."""


class CallSettings(Settings):
    """Calls to other services."""

    aiohttp_client_timeout: Seconds = 5.0
    """Seconds that one call to MediaWiki or EventGate may take, connection included."""


class MediaWikiSettings(CallSettings):
    """Calls to MediaWiki."""

    mw_api_max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a MediaWiki call that may succeed on a second try is repeated."""

    mw_api_retry_base_delay: NotNegativeSeconds = 0.5
    """Seconds before the first repetition, doubled for each further one, with jitter."""


class WikiSettings(MediaWikiSettings):
    """The one wiki that a server asks."""

    wiki_url: BaseUrl
    """Base URL of the MediaWiki to ask; `/w/api.php` is appended."""

    wiki_host: HeaderHost | None = None
    """Host header for MediaWiki calls, where it differs from the URL's own host."""


class WorkerSettings(Settings):
    """Work that is done off the event loop."""

    asyncio_use_process_pool: bool = True
    """Extraction and scoring in worker processes. False: in a thread of the server, to debug."""

    asyncio_aux_workers: Annotated[int, Field(ge=1, le=256)] = Field(
        default_factory=available_cores
    )
    """How many tasks are worked on at a time; as many as the container has cores by default. There
    are as many worker processes, and up to half as many more, at least two, while heavy tasks are
    under way."""

    max_queue_seconds: NotNegativeSeconds = 10.0
    """Expected seconds of work already queued per worker when a request arrives, its own not
    counted; above it is answered with 429, or with 503 if it carries an event."""

    preprocess_mp: bool = True
    """Feature extraction in the worker processes. False: in a thread of the server."""

    inference_mp: bool = True
    """Scoring in the worker processes. False: in a thread of the server."""

    num_threads: Annotated[int, Field(ge=1)] = Field(default_factory=available_cores)
    """Threads of the numeric libraries in the server process. Workers always use one each."""


class CacheSettings(Settings):
    """Finished scores that are kept."""

    cache_bytes: Annotated[int, Field(ge=0)] = 64 << 20
    """Bytes of this process's memory for them; 0 keeps none there."""

    cache_ttl_seconds: Seconds = 3600.0
    """Seconds that a score is kept, wherever it is: so long at most is a revision still scored that
    was hidden meanwhile."""

    cache_url: RedisUrl | None = None
    """A Redis database where replicas share them, as `redis://host:6379/0`. Who can write there
    decides what is answered."""


class EventSettings(CallSettings):
    """Events that scores become."""

    eventgate_url: Url | None = None
    """Where score events go, in full. With EVENTGATE_STREAM set too, a request that carries an
    event also produces one."""

    eventgate_stream: str | None = None
    """The stream that score events name."""


S = TypeVar("S", bound=Settings)


class SettingsError(Exception):
    """The environment does not make sense; the text names each variable and what is wrong."""


def load_settings(kind: type[S], **given: Any) -> S:
    """Settings from the environment; a field that is `given` is not looked for there.

    Raises SettingsError, which names all wrong variables at once.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        lines = [f"{_variable(problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "environment"


def as_markdown(families: Mapping[str, type[Settings]]) -> str:
    """The tables of docs/configuration.md: for each class its fields, and which images read it.

    `families` are the settings by image name.
    """
    readers: dict[type[Settings], list[str]] = {}
    for image, settings in families.items():
        for kind in settings.__mro__:
            if issubclass(kind, Settings) and kind.__annotations__.keys() & kind.model_fields:
                readers.setdefault(kind, []).append(image)
    return "\n".join(line for kind, images in readers.items() for line in _section(kind, images))


def _section(kind: type[Settings], images: list[str]) -> Iterator[str]:
    yield f"## {(kind.__doc__ or '').strip().rstrip('.')}"
    yield ""
    yield f"Read by: {', '.join(images)}."
    yield ""
    yield "| name | default | meaning |"
    yield "| --- | --- | --- |"
    for name in kind.__annotations__:
        if name in kind.model_fields:
            meaning = " ".join((kind.model_fields[name].description or "").split())
            yield f"| {name.upper()} | {_default(kind, name)} | {meaning} |"
    yield ""


def _default(kind: type[Settings], name: str) -> str:
    field = kind.model_fields[name]
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "the container's cores"
    return "none" if field.default in (None, "", ()) else f"`{field.default}`"

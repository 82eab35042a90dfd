"""What every server does first, before it starts processes or imports what takes seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from liftwing_serving import logs, metrics
from liftwing_serving.interrupts import end_on_interrupt, end_on_termination
from liftwing_serving.settings import ServerSettings, SettingsError, load_settings

S = TypeVar("S", bound=ServerSettings)


def begin(kind: type[S], **given: Any) -> S:
    """The settings, once signals and the log are those of a server.

    Exits with a message if the environment makes no sense. Settings that are `given` are not looked
    for there.
    """
    end_on_termination()
    end_on_interrupt()
    with nonsense_ends_it():
        settings = load_settings(kind, **given)
    logs.configure(
        settings.kserve_loglevel,
        settings.framework_log_level,
        settings.access_log_level,
        logs.BackgroundHandler(metrics.LOG_LINES_DROPPED.inc),
    )
    return settings


@contextmanager
def nonsense_ends_it() -> Iterator[None]:
    """A context in which a SettingsError ends the process with its message."""
    try:
        yield
    except SettingsError as error:
        sys.exit(f"{error}")

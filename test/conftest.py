"""Surroundings of all tests."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.revscoring import FAMILIES
from liftwing_serving.revscoring.families import settings_of
from support.turns import turn

# No test sees a setting that it has not made itself.
for setting in settings_of(FAMILIES).model_fields.keys() - {"nltk_data"}:
    os.environ.pop(setting.upper(), None)
# A shell that starts tests in the background has SIGINT ignored, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Whatever proxy this machine has, the servers of tests are not behind it.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))
# What `make setup` prepared, so that a plain `pytest` works too.
os.environ.setdefault("NLTK_DATA", str(Path(__file__).parents[1] / "build/nltk_data"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each process that runs tests where they take turns."""
    node.workerinput["turns"] = _turns().name


@cache
def _turns() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="turns-")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test in one process of several takes its turn, which no timeout of it counts."""
    alone = item.get_closest_marker("alone") is not None
    folder = getattr(item.config, "workerinput", {}).get("turns")
    with turn(Path(folder), alone) if folder else nullcontext():
        return (yield)

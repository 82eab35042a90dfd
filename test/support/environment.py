"""The environments of processes that tests start: what a machine exports changes no test."""

from __future__ import annotations

import os
from collections.abc import Mapping

KEPT = frozenset({"HOME", "LANG", "NLTK_DATA", "PATH", "TMPDIR"})
OF_BUILDS = ("DOCKER", "PIP_", "REQUESTS_CA_BUNDLE", "SSL_")


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """What any process needs to know of the machine, and what is given."""
    return {name: os.environ[name] for name in KEPT & os.environ.keys()} | dict(given or {})


def build_environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same with what Docker and pip need to reach the world."""
    reaching = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(OF_BUILDS) or name.lower().endswith("_proxy")
    }
    return environment(reaching) | dict(given or {})

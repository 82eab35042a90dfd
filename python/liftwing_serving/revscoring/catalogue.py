"""Which models exist for which wikis: the services that operators run."""

from __future__ import annotations

from collections.abc import Iterator

from liftwing_serving.revscoring.families import FAMILIES
from liftwing_serving.revscoring.names import ServiceName

_PROJECTS = ("wiki", "wikibooks", "wikiquote", "wiktionary")


def database_name(short: str) -> str:
    """`en` is enwiki; a name that says its project already is a database name."""
    return short if short.endswith(_PROJECTS) else f"{short}wiki"


def services() -> Iterator[ServiceName]:
    """All services, by family, kind and wiki."""
    for family in FAMILIES:
        for kind, wikis in family.wikis.items():
            for short in wikis.split():
                yield ServiceName(database_name(short), kind)

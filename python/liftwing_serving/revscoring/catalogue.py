"""Which models exist for which wikis: the services that operators run."""

from __future__ import annotations

from collections.abc import Iterator

from liftwing_serving.revscoring.families import FAMILIES
from liftwing_serving.revscoring.names import ServiceName

_PROJECTS = ("wiki", "wikibooks", "wikiquote", "wikisource", "wiktionary")


def database_name(short: str) -> str:
    """The wiki's database name: enwiki for `en`; a name that ends in a project's is one already."""
    return short if short.endswith(_PROJECTS) else f"{short}wiki"


def services() -> Iterator[ServiceName]:
    """All services, in the order of families, their kinds and the kinds' wikis."""
    for family in FAMILIES:
        for kind, wikis in family.wikis.items():
            for short in wikis.split():
                yield ServiceName(database_name(short), kind)

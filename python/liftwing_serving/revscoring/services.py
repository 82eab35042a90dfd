"""Which models exist for which wikis: the services that operators run."""

from __future__ import annotations

from collections.abc import Iterator

from liftwing_serving.revscoring.names import ServiceName

_EDITQUALITY_WIKIS = (
    "ar bs ca cs de en eswikibooks es eswikiquote et fa fi fr he hi hu it ja ko lv nl no pl pt "
    "ro ru simple sq sr sv test tr uk wikidata zh"
)
_WIKIS_OF = {
    "damaging": _EDITQUALITY_WIKIS,
    "goodfaith": _EDITQUALITY_WIKIS,
    "reverted": "bn el enwiktionary gl hr id is ta translate vi",
}
_PROJECTS = ("wiki", "wikibooks", "wikiquote", "wiktionary")


def database_name(short: str) -> str:
    """`en` is enwiki; a name that says its project already is a database name."""
    return short if short.endswith(_PROJECTS) else f"{short}wiki"


def services() -> Iterator[ServiceName]:
    """All services, by model and then by wiki."""
    for kind, wikis in _WIKIS_OF.items():
        for short in wikis.split():
            yield ServiceName(database_name(short), kind)

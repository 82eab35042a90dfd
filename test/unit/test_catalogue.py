"""The services table, held to the facts of the wikis and models in production."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from liftwing_serving import catalogue
from liftwing_serving.catalogue import Service
from liftwing_serving.revscoring import FAMILIES

SERVICES = {service.name: service for service in catalogue.services()}

EDITED = (
    "ar bs ca cs de en eswikibooks es eswikiquote et fa fi fr he hi hu it ja ko lv nl no pl pt "
    "ro ru simple sq sr sv test tr uk wikidata zh"
)
TOPICS = "ar cs en eu hu hy ko sr uk vi"
# Kind, its namespace after `revscoring-`, its image, its wikis (`en` is enwiki; DATABASES are whole
# names), requests a second and replica, fewest and most replicas.
FACTS = [
    (
        *("articlequality", "articlequality", "articlequality"),
        *("en eu fa fr frwikisource gl nl pt ru simple sv test tr uk", 4, 1, 4),
    ),
    ("itemquality", "articlequality", "articlequality", "wikidata", 4, 1, 4),
    ("draftquality", "draftquality", "draftquality", "en pt simple test", 5, 1, 3),
    ("damaging", "editquality-damaging", "editquality", EDITED, 10, 1, 4),
    ("goodfaith", "editquality-goodfaith", "editquality", EDITED, 10, 1, 4),
    (
        *("reverted", "editquality-reverted", "editquality"),
        *("bn el enwiktionary gl hr id is ta translate vi", 5, 1, 6),
    ),
    ("articletopic", "articletopic", "topic", TOPICS, 8, 1, 3),
    ("itemtopic", "articletopic", "topic", "wikidata", 8, 1, 3),
    ("drafttopic", "drafttopic", "topic", TOPICS, 8, 2, 4),
]
# Fewest and most replicas of the busiest.
REPLICAS = {
    "enwiki-damaging": (4, 10),
    "enwiki-goodfaith": (4, 10),
    "wikidatawiki-damaging": (4, 10),
    "wikidatawiki-goodfaith": (4, 10),
    "ruwiki-damaging": (4, 6),
    "ruwiki-goodfaith": (2, 4),
}
# Workers, cores asked for and most cores; the others have a worker for each core.
WORKERS = {
    **{f"{wiki}wiki-damaging": (2, 3, 3) for wiki in ("en", "es", "fi", "ko", "nl", "pt")},
    "enwiki-draftquality": (2, 3, 3),
    "viwiki-reverted": (3, 4, 4),
    "enwiki-articlequality": (3, 3, 4),
}
DATABASES = {"enwiktionary", "eswikibooks", "eswikiquote", "frwikisource"}
# Of a Wikipedia it is the code's.
HOSTS = {
    "enwiktionary": "en.wiktionary.org",
    "eswikibooks": "es.wikibooks.org",
    "eswikiquote": "es.wikiquote.org",
    "frwikisource": "fr.wikisource.org",
    "translate": "translatewiki.net",
    "wikidata": "www.wikidata.org",
}
OUTLINK = Service(
    name="outlink-topic-model",
    wiki="",
    kind="outlink",
    namespace="articletopic-outlink",
    image="outlink",
    host="",
    stream="mediawiki.page_outlink_topic_prediction_change.v1",
    workers=None,
    cpu=1,
    cpu_limit=1,
    memory="2Gi",
    target_rps=5,
    min_replicas=2,
    max_replicas=5,
)


def expected() -> Iterator[Service]:
    """What the facts say of each service."""
    for kind, namespace, image, wikis, rps, fewest, most in FACTS:
        for short in wikis.split():
            wiki = short if short in DATABASES else f"{short}wiki"
            name = f"{wiki}-{kind}"
            workers, cpu, cpu_limit = WORKERS.get(name, (None, 1, 1))
            min_replicas, max_replicas = REPLICAS.get(name, (fewest, most))
            yield Service(
                name=name,
                wiki=wiki,
                kind=kind,
                namespace=f"revscoring-{namespace}",
                image=image,
                host=HOSTS.get(short, f"{short}.wikipedia.org"),
                stream=f"mediawiki.revision_score_{kind}",
                workers=workers,
                cpu=cpu,
                cpu_limit=cpu_limit,
                memory="2Gi",
                target_rps=rps,
                min_replicas=min_replicas,
                max_replicas=max_replicas,
            )
    yield OUTLINK


@pytest.mark.parametrize("fact", list(expected()), ids=lambda fact: fact.name)
def test_a_service_is_as_in_production(fact: Service) -> None:
    assert SERVICES[fact.name] == fact


def test_the_services_are_all_there_and_no_others() -> None:
    names = [service.name for service in catalogue.services()]
    assert names == [fact.name for fact in expected()]
    assert len(names) == len(set(names)) == 121


def test_families_and_table_know_the_same_kinds() -> None:
    for family in FAMILIES:
        kinds = {service.kind for service in SERVICES.values() if service.image == family.folder}
        assert kinds == set(family.kinds)
    images = {service.image for service in SERVICES.values()}
    assert images - {family.folder for family in FAMILIES} == {"outlink"}


def test_a_services_models_lie_in_the_folder_of_kind_and_wiki() -> None:
    assert SERVICES["enwiki-damaging"].storage_path == "damaging/enwiki"
    assert SERVICES["outlink-topic-model"].storage_path == "outlink-topic-model"


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("target_rps", "many", "many"), ("host", "enwiki\tx", "columns"), ("host", None, "columns")],
)
def test_a_table_that_cannot_be_read_is_refused(
    column: str, value: str | None, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    row = {field.name: "1" for field in dataclasses.fields(Service)} | {column: value}
    cells = [cell for cell in row.values() if cell is not None]
    (tmp_path / "services.tsv").write_text("\t".join(row) + "\n" + "\t".join(cells) + "\n")
    monkeypatch.setattr(catalogue, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=says):
        catalogue.services.__wrapped__()

"""The items' wiki: well-formed entities, a history with every rarity, and its own host."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mwbase
import pytest
from aiohttp.test_utils import TestClient, TestServer
from liftwing_demo.items import build_items, items_are_current
from liftwing_demo.items.subjects import of_articles
from liftwing_demo.items.vocabulary import INSTANCE_OF, LANGUAGES
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.api import answer
from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.catalogue import nasty_revisions
from liftwing_demo.wiki.records import Revision
from liftwing_demo.wiki.server import make_app

FEW = 24
SITEINFO = {"action": "query", "format": "json", "formatversion": "2", "meta": "siteinfo"}


@pytest.fixture(scope="module")
def items_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("items") / "items.sqlite"
    build_items(path, items=FEW)
    return path


@pytest.fixture(scope="module")
def items(items_path: Path) -> Iterator[WikiStore]:
    with WikiStore.open(items_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def entities(items: WikiStore) -> dict[int, dict[str, Any]]:
    """The JSON of every item's revision, by id."""
    model = {page.page_id: page.content_model for page in _pages(items).values()}
    known = [rev for rev in items.all_revisions() if model[rev.page_id] == "wikibase-item"]
    texts = items.revisions([rev.rev_id for rev in known], with_text=True)
    return {rev_id: json.loads(revision.text or "") for rev_id, revision in texts.items()}


def _pages(store: WikiStore) -> dict[int, Any]:
    return store.pages(sorted({revision.page_id for revision in store.all_revisions()}))


def latest(store: WikiStore) -> dict[int, Revision]:
    return store.latest_revisions(list(_pages(store)))


def snaks(entity: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every snak with the property under which it stands."""
    for property_id, statements in (entity.get("claims") or {}).items():
        for statement in statements:
            yield property_id, statement["mainsnak"]
            maps = [statement.get("qualifiers", {})]
            maps += [reference["snaks"] for reference in statement.get("references", [])]
            for some in maps:
                for name, several in some.items():
                    yield from ((name, snak) for snak in several)


def test_every_item_is_read_by_the_library_that_the_features_use(
    entities: dict[int, dict[str, Any]],
) -> None:
    read = [mwbase.Entity.from_json(json.dumps(entity)) for entity in entities.values()]
    assert max(len(entity.properties) for entity in read) > 8
    assert any(entity.aliases for entity in read)
    assert any(link.badges for entity in read for link in entity.sitelinks.values())


def test_terms_sitelinks_and_statements_say_what_they_stand_under(
    entities: dict[int, dict[str, Any]],
) -> None:
    for entity in entities.values():
        for name in ("labels", "descriptions"):
            for code, term in (entity.get(name) or {}).items():
                assert term["language"] == code and term["value"]
        for site, link in (entity.get("sitelinks") or {}).items():
            assert link["site"] == site and link["title"]
        assert all(snak["property"] == name for name, snak in snaks(entity))


def test_values_are_of_every_type_that_wikibase_has(entities: dict[int, dict[str, Any]]) -> None:
    kinds = Counter(
        snak["datavalue"]["type"] if snak["snaktype"] == "value" else snak["snaktype"]
        for entity in entities.values()
        for _, snak in snaks(entity)
    )
    assert set(kinds) == {
        *("wikibase-entityid", "string", "time", "quantity", "globecoordinate"),
        *("monolingualtext", "somevalue"),
    }


def test_what_is_empty_is_a_list_as_php_writes_it(entities: dict[int, dict[str, Any]]) -> None:
    full = [entity for entity in entities.values() if "redirect" not in entity]
    maps = ("labels", "descriptions", "aliases", "claims", "sitelinks")
    assert all(entity[name] == [] or entity[name] for entity in full for name in maps)
    assert any(entity["claims"] == [] for entity in full)


def test_the_ids_of_statements_name_their_item_and_occur_once(
    items: WikiStore, entities: dict[int, dict[str, Any]]
) -> None:
    last = [entities[revision.rev_id] for revision in latest(items).values() if not _talk(revision)]
    ids = [
        (entity["id"], statement["id"])
        for entity in last
        if "redirect" not in entity
        for statements in (entity["claims"] or {}).values()
        for statement in statements
    ]
    assert all(identifier.startswith(f"{item}$") for item, identifier in ids)
    assert len(set(ids)) == len(ids) > 50


def _talk(revision: Revision) -> bool:
    return revision.comment == "ask"


def test_titles_are_the_items_own_ids(
    items: WikiStore, entities: dict[int, dict[str, Any]]
) -> None:
    pages = _pages(items)
    for revision in items.all_revisions():
        entity = entities.get(revision.rev_id)
        if entity is not None:
            assert pages[revision.page_id].title == entity.get("id", entity.get("entity"))


def test_categories_tell_what_an_article_s_item_is_about() -> None:
    text = "[[Category:1905 births]]\n[[Category:1982 deaths]]\n[[Category:Russian novelists]]"
    (person,) = of_articles([Article(1, "Ayn Somebody", text)])
    assert (person.sort.class_id, person.occupation) == ("Q5", "writer")
    assert (person.born, person.died, person.article) == (1905, 1982, "Ayn Somebody")
    (page,) = of_articles([Article(2, "Ada (disambiguation)", "")])
    assert (page.sort.name, page.title) == ("disambiguation", "Ada")


def test_items_grow_from_a_label_to_labels_in_the_languages_that_count(
    items: WikiStore, entities: dict[int, dict[str, Any]]
) -> None:
    first = [rev for rev in items.all_revisions() if rev.parent_id == 0 and rev.rev_id in entities]
    assert all(list(entities[revision.rev_id]["labels"]) == ["en"] for revision in first)
    assert any(set(LANGUAGES) <= set(entity.get("labels") or ()) for entity in entities.values())
    assert any(INSTANCE_OF in (entity.get("claims") or ()) for entity in entities.values())


@pytest.mark.parametrize(
    "kind",
    ("anonymous", "hidden_text", "hidden_parent_text", "deleted", "deleted_parent", "no_parent"),
)
def test_the_history_holds(kind: str, items: WikiStore) -> None:
    assert nasty_revisions(items)[kind]


def test_the_history_holds_a_redirect_and_a_page_in_wikitext(
    items: WikiStore, entities: dict[int, dict[str, Any]]
) -> None:
    assert [entity for entity in entities.values() if set(entity) == {"entity", "redirect"}]
    assert "wikitext" in {page.content_model for page in _pages(items).values()}


def test_harm_is_labelled_and_reverted(items: WikiStore) -> None:
    labels = list(items.labels())
    harm = [label for label in labels if label.damaging]
    assert harm and all(label.reverted and not label.goodfaith for label in harm)


def test_a_short_history_is_the_beginning_of_a_longer_one(items: WikiStore, tmp_path: Path) -> None:
    build_items(tmp_path / "short.sqlite", items=3)
    with WikiStore.open(tmp_path / "short.sqlite") as short:
        revisions = list(short.all_revisions())
    assert revisions == list(items.all_revisions())[: len(revisions)]


def test_items_are_current_for_their_own_number_only(items_path: Path, wiki_path: Path) -> None:
    assert items_are_current(items_path, items=FEW)
    assert not items_are_current(items_path)
    assert not items_are_current(wiki_path, items=FEW)


def test_the_site_calls_itself_wikidata(items: WikiStore) -> None:
    info = answer(items, SITEINFO | {"siprop": "general|namespaces"})["query"]
    assert info["general"]["sitename"] == "Wikidata"
    assert info["general"]["wikiid"] == "wikidatawiki"
    assert info["namespaces"]["4"]["name"] == "Wikidata"
    assert info["namespaces"]["0"]["defaultcontentmodel"] == "wikibase-item"
    assert "118" not in info["namespaces"]


def test_titles_are_read_with_the_namespaces_of_their_wiki(items: WikiStore) -> None:
    params = {"action": "query", "titles": "property:p31", "formatversion": "2"}
    assert answer(items, params)["query"]["pages"][0]["ns"] == 120


async def test_the_host_header_decides_which_wiki_answers(
    store: WikiStore, items: WikiStore
) -> None:
    async with TestClient(TestServer(make_app(store, items))) as client:

        async def database(host: str | None) -> str:
            headers = {} if host is None else {"Host": host}
            async with client.get("/w/api.php", params=SITEINFO, headers=headers) as response:
                name: str = (await response.json())["query"]["general"]["wikiid"]
                return name

        assert await database("www.wikidata.org") == "wikidatawiki"
        assert await database("www.WIKIDATA.org:8090") == "wikidatawiki"
        assert await database("en.wikipedia.org") == "enwiki"
        assert await database(None) == "enwiki"


async def test_an_item_s_content_is_wikibase_json(
    store: WikiStore, items: WikiStore, entities: dict[int, dict[str, Any]]
) -> None:
    rev_id = max(latest(items)[min(latest(items))].rev_id, 0)
    params = {
        **{"action": "query", "prop": "revisions", "revids": str(rev_id), "format": "json"},
        **{"rvprop": "ids|content|contentmodel", "rvslots": "main", "formatversion": "2"},
    }
    headers = {"Host": "www.wikidata.org"}
    async with TestClient(TestServer(make_app(store, items))) as client:
        async with client.get("/w/api.php", params=params, headers=headers) as response:
            page = (await response.json())["query"]["pages"][0]
        async with client.get("/w/api.php", params=params) as response:
            assert "badrevids" in (await response.json())["query"]
    slot = page["revisions"][0]["slots"]["main"]
    assert (slot["contentmodel"], slot["contentformat"]) == ("wikibase-item", "application/json")
    assert json.loads(slot["content"]) == entities[rev_id]

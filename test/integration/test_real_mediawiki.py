"""The embedded wiki answers as MediaWiki does, and so a model server scores the same over both."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.parser import links_of
from liftwing_demo.wiki.titles import parse_title
from support.api_queries import Query, queries
from support.mediawiki import FOLDER, MediaWiki, installed, php_processes
from support.processes import Answer, ModelServer, Wiki, call, wait_until
from support.services import MODELS, Start

PER_KIND = 5
MAX_URL_BYTES = 7000
SHOWN = 20
ABSENT = "(absent)"
MARKUP = (
    *("[[", "]]", "{{", "}}", "{{{", "}}}", "|", "=", "\n", "-{", "}-", "<!--", "-->", " ", "#"),
    *("<nowiki>", "</nowiki>", "<gallery>", "</gallery>", "==", "[", "]", "{", "}", ":", "File:"),
    *("[[Nothing 1", "[[Nothing 2]]", "Nothing 3", "{{Nothing 4", "[[File:No file|", "[[Category:"),
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def mediawiki(wiki_file: Path) -> Iterator[MediaWiki]:
    wiki = MediaWiki(installed(wiki_file))
    yield wiki
    wiki.close()


def normalized(value: Any, served: dict[str, Any]) -> Any:
    """A document without what must differ between two wikis; these are all such differences.

    - The documentation's address, which each wiki gives on its own host and port.
    - siteinfo: the embedded wiki serves some fields of `general` only; its time stands still; and
      Debian moves on to further patch releases of MediaWiki 1.39.
    """
    if isinstance(value, str):
        return re.sub(r"^See \S*/w/api\.php for API usage", "See api.php for API usage", value)
    if isinstance(value, list):
        return [normalized(item, served) for item in value]
    if not isinstance(value, dict):
        return value
    if "generator" in value:
        value = {name: item for name, item in value.items() if name in served and name != "time"}
        value["generator"] = re.sub(r"^(MediaWiki 1\.39)\.\d+$", r"\1", value["generator"])
    return {name: normalized(item, served) for name, item in value.items()}


def asked(url: str, query: Query, version: int) -> Answer:
    """GET as the services do, or POST what is too long for an address."""
    encoded = urlencode({"format": "json", "formatversion": str(version)} | query)
    if len(encoded) > MAX_URL_BYTES:
        return call(f"{url}/w/api.php", encoded.encode())
    return call(f"{url}/w/api.php?{encoded}")


def outline(answer: Answer, served: dict[str, Any]) -> dict[str, Any]:
    """Everything in which two answers must not differ."""
    return {
        "status": answer.status,
        "type": answer.headers.get("content-type"),
        "error header": answer.headers.get("mediawiki-api-error"),
        "body": normalized(answer.json, served),
    }


def differences(real: Any, embedded: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ; the order of an object's fields does not count."""
    if isinstance(real, dict) and isinstance(embedded, dict):
        for name in {**real, **embedded}:
            inner = real.get(name, ABSENT), embedded.get(name, ABSENT)
            yield from differences(*inner, f"{path}/{name}")
    elif isinstance(real, list) and isinstance(embedded, list) and len(real) == len(embedded):
        for index, (one, other) in enumerate(zip(real, embedded)):
            yield from differences(one, other, f"{path}/{index}")
    elif type(real) is not type(embedded) or real != embedded:
        yield f"{path}: {json.dumps(real)[:300]} but embedded {json.dumps(embedded)[:300]}"


@pytest.mark.parametrize("version", [1, 2])
def test_the_embedded_wiki_answers_as_mediawiki_does(
    version: int,
    mediawiki: MediaWiki,
    wiki: Wiki,
    wiki_file: Path,
    nasty: dict[str, list[int]],
) -> None:
    with WikiStore.open(wiki_file) as store:
        calls = queries(store, nasty)
    served = asked(wiki.url, calls["siteinfo"], version).json["query"]["general"]

    def compare(name: str) -> list[str]:
        real, embedded = (
            outline(asked(url, calls[name], version), served) for url in (mediawiki.url, wiki.url)
        )
        return [f"{name} {difference}" for difference in differences(real, embedded)]

    with ThreadPoolExecutor(4) as threads:
        found = list(itertools.chain(*threads.map(compare, calls)))
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:SHOWN])
    assert len(calls) > 300


def random_markup(dice: random.Random) -> str:
    return "".join(dice.choice(MARKUP) for _ in range(dice.randint(3, 25)))


def test_links_of_any_markup_are_those_that_mediawiki_sees(mediawiki: MediaWiki) -> None:
    dice = random.Random(5)
    texts = [random_markup(dice) for _ in range(150)]
    page = parse_title("Page")

    def seen(text: str) -> list[str]:
        query = {"action": "parse", "title": "Page", "text": text, "contentmodel": "wikitext"}
        asked = {"format": "json", "formatversion": "2", "prop": "links"} | query
        answer = call(f"{mediawiki.url}/w/api.php", urlencode(asked).encode())
        return [link["title"] for link in answer.json["parse"]["links"]]

    with ThreadPoolExecutor(4) as threads:
        real = list(threads.map(seen, texts))
    ours = [[title.full for title in links_of(text, page).ordered(lambda _: [])] for text in texts]
    assert dict(zip(texts, ours)) == dict(zip(texts, real))
    assert sum(map(bool, real)) > 40


def chosen(nasty: dict[str, list[int]]) -> list[int]:
    """Some revisions of each kind, spread over the history, and some that no wiki has."""
    some = [ids[:: max(1, len(ids) // PER_KIND)][:PER_KIND] for ids in nasty.values()]
    return sorted({1, 999_999_999, *itertools.chain(*some)})


def scores(server: ModelServer, rev_ids: Sequence[int]) -> dict[tuple[str, int], tuple[int, Any]]:
    """Status and body by model and revision; what models read of the wiki is the same."""
    pairs = list(zip(itertools.cycle(MODELS), rev_ids))
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda pair: server.predict(pair[0], {"rev_id": pair[1]}), pairs)
        return {pair: (answer.status, answer.json) for pair, answer in zip(pairs, answers)}


def test_scores_over_mediawiki_equal_those_over_the_embedded_wiki(
    mediawiki: MediaWiki,
    wiki: Wiki,
    all_models_server: ModelServer,
    start: Start,
    nasty: dict[str, list[int]],
) -> None:
    rev_ids = chosen(nasty)
    assert len(rev_ids) >= 60
    assert all(nasty.values()), "a kind has no revision"

    over_mediawiki = scores(start(",".join(MODELS), WIKI_URL=mediawiki.url), rev_ids)
    over_embedded = scores(all_models_server, rev_ids)

    assert over_mediawiki == over_embedded
    statuses = {status for status, _ in over_mediawiki.values()}
    assert statuses == {200, 400}
    refused = {rev_id for (_, rev_id), (status, _) in over_mediawiki.items() if status == 400}
    assert {1, 999_999_999, *nasty["deleted"][:1]} <= refused < set(rev_ids)


def test_a_killed_server_leaves_no_php_behind(mediawiki: MediaWiki) -> None:
    before = set(php_processes(FOLDER))
    second = MediaWiki(FOLDER)
    assert len(php_processes(FOLDER)) > len(before)
    second.process.kill()
    second.close()
    wait_until(lambda: set(php_processes(FOLDER)) == before, 10, "PHP's workers are gone")


def test_only_the_api_is_served(mediawiki: MediaWiki) -> None:
    for path in ("/", "/w/index.php", "/LocalSettings.php", "/data/enwiki.sqlite"):
        assert call(f"{mediawiki.url}{path}").status == 404

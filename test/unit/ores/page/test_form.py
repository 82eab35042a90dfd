"""The form to try ORES' API: what it offers, what it answers, and what it refuses."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from liftwing_serving.ores.page.results import table
from liftwing_serving.ores.scores import Answer
from liftwing_serving.ores.spec import spec
from support.elements import HOSTILE, Elements, harmless
from support.front_page import Opened, before
from support.model_servers import MISSING, FakeServer, Fronted, refused

PREFIX = "/service/lw/inference"
UI = "/ui/?wiki=enwiki&revids="


@pytest.fixture
async def tried(front: Fronted) -> AsyncIterator[Opened]:
    async with before(front) as page:
        yield page


def found(pattern: str, document: str) -> list[str]:
    """What the pattern's group is, as a browser reads it."""
    return [unescape(one) for one in re.findall(pattern, document, re.S)]


def rows(document: str) -> list[list[str]]:
    """The texts of the cells of the scores' table."""
    body = document.partition('id="scores"')[2].partition("</table>")[0].partition("<tbody>")[2]
    lines = re.findall(r"<tr>(.*?)</tr>", body)
    return [[Elements(cell).text for cell in re.split("</t[hd]>", one)[:-1]] for one in lines]


@pytest.mark.parametrize("path", ["/ui/", "/ui", "/v3/", "/v3", f"{PREFIX}/ui/", f"{PREFIX}/v3"])
async def test_the_form_offers_the_wikis_and_models_that_there_are(
    tried: Opened, path: str
) -> None:
    status, text, headers = await tried.get(path)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert found(r"<option>(.*?)</option>", text) == ["enwiki"]
    assert found(r'name="models" value="(.*?)"', text) == [
        "articlequality",
        "damaging",
        "goodfaith",
    ]
    assert 'id="answer"' not in text and " checked" not in text
    prefix = path.removesuffix("/").rpartition("/")[0]
    at = tried.url + path
    assert urljoin(at, found(r'action="(.*?)"', text)[0]) == f"{tried.url}{prefix}/ui/#answer"
    for address in found(r'href="(.*?)"', text):
        assert urljoin(at, address).startswith(f"{tried.url}{prefix}/")
        assert (await tried.get(urljoin(at, address).removeprefix(tried.url)))[0] == 200


async def test_each_field_has_a_label_and_each_table_a_caption(tried: Opened) -> None:
    _, text, _ = await tried.get(f"{UI}7&features")
    elements = harmless(text)
    assert "script" not in elements.names
    for name in found(r'<(?:select|input) id="(\w+)"', text):
        assert f'<label for="{name}">' in text
    boxes = len(found(r'<label>(<input type="checkbox")', text))
    assert boxes == elements.names.count("input") - 1 == 4
    assert elements.names.count("caption") == elements.names.count("table") == 2
    assert elements.names.count("legend") == elements.names.count("h1") == 1
    ids = [value for name, value in elements.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for name, value in elements.attributes:
        if name in ("aria-describedby", "aria-labelledby"):
            assert value in ids


async def test_scores_are_a_table_of_revisions_and_models(tried: Opened, edits: FakeServer) -> None:
    asked = f"{UI}7%7C{MISSING}&models=damaging&models=goodfaith"
    status, text, _ = await tried.get(asked)
    assert status == 200
    assert rows(text) == [
        ["7", "damaging", "damaging 7", ""],
        ["7", "goodfaith", "goodfaith 7", ""],
        [str(MISSING), "damaging", "RevisionNotFound: ..."],
        [str(MISSING), "goodfaith", "RevisionNotFound: ..."],
    ]
    assert len(edits.score_calls) == 1
    assert found(r"<option selected>(.*?)</option>", text) == ["enwiki"]
    assert found(r'value="(\w+)" checked', text) == ["damaging", "goodfaith"]
    assert f'value="7|{MISSING}"' in text
    again = await tried.get(asked.replace("&models=goodfaith", "|goodfaith"))
    assert rows(again[1]) == rows(text)


async def test_without_models_all_of_the_wiki_s_are_asked(tried: Opened) -> None:
    _, text, _ = await tried.get(f"{UI}7")
    assert [row[1] for row in rows(text)] == ["articlequality", "damaging", "goodfaith"]


async def test_features_are_there_if_they_are_asked_for(tried: Opened) -> None:
    _, text, _ = await tried.get(f"{UI}7&models=damaging&features=true")
    assert rows(text) == [["7", "damaging", "damaging 7", "", "1 featuresfeature.id 7"]]
    assert text.count("<details>") == 1 and 'name="features" value="true" checked' in text
    _, text, _ = await tried.get(f"{UI}7&models=damaging")
    assert rows(text) == [["7", "damaging", "damaging 7", ""]]


@pytest.mark.parametrize("revids", ["7|8", "7, 8", " 7 8 ", "7;8,", "7%0A8"])
async def test_people_separate_revisions_as_they_like(
    tried: Opened, edits: FakeServer, revids: str
) -> None:
    status, _, _ = await tried.get(f"{UI}{revids}&models=damaging")
    assert status == 200
    assert [call["rev_ids"] for call in edits.score_calls] == [[7, 8]]


@pytest.mark.parametrize("prefix", ["", PREFIX])
async def test_what_a_program_would_ask_gives_the_same(tried: Opened, prefix: str) -> None:
    path = f"{prefix}{UI}7+8&models=damaging|goodfaith&features"
    _, text, _ = await tried.get(path)
    (link,) = found(r'<a href="(\S*?revids=\S*?)"', text)
    (command,) = found(r'<code id="command">(.*?)</code>', text)
    curl, url = shlex.split(command)
    assert curl == "curl" and url == urljoin(tried.url + path, link)
    assert url.startswith(f"{tried.url}{prefix}/v3/scores/enwiki/?")
    async with tried.http.get(url) as answer:
        scores = (await answer.json())["enwiki"]["scores"]
    assert {(rev_id, model) for rev_id, by in scores.items() for model in by} == {
        (row[0], row[1]) for row in rows(text)
    }
    assert scores["8"]["damaging"]["features"] == {"feature.id": 8}
    _, text, _ = await tried.get(path, **{"X-Forwarded-Proto": "https", "Host": "front.example"})
    assert f"curl &#x27;https://front.example{prefix}/v3/scores/" in text


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("wiki=enwiki&revids=", 400, "Name at least one revision"),
        ("wiki=enwiki&revids=,", 400, "Name at least one revision"),
        ("revids=7", 400, "Choose a wiki."),
        ("wiki=enwiki&revids=7x", 400, "revids. 7x is no list of integers"),
        (f"wiki=enwiki&revids={'|'.join(map(str, range(51)))}", 400, "Max of 50"),
        ("wiki=xwiki&revids=7", 404, "No scorers available for xwiki"),
        ("wiki=enwiki&revids=7&models=luck", 404, "Models ('luck',) not available for enwiki"),
    ],
)
async def test_what_is_wrong_is_said_beside_what_was_entered(
    tried: Opened, query: str, status: int, says: str
) -> None:
    answered, text, headers = await tried.get(f"/ui/?{query}")
    assert (answered, headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    (alert,) = found(r'<p role="alert">(.*?)</p>', text)
    assert says in alert
    assert "<title>No scores</title>" in text and "<select" in text
    if "luck" in query:
        assert 'value="luck" checked' in text


async def test_a_form_that_names_a_wiki_only_is_not_wrong(tried: Opened) -> None:
    status, text, _ = await tried.get("/ui/?wiki=enwiki")
    assert status == 200 and "<option selected>enwiki" in text and "alert" not in text


async def test_a_server_that_refuses_is_told_with_its_delay(
    tried: Opened, edits: FakeServer, articles: FakeServer
) -> None:
    edits.refusal = refused(429, "Later.", **{"Retry-After": "7"})
    status, text, headers = await tried.get(f"{UI}7&models=damaging")
    assert (status, headers["Retry-After"]) == (429, "7")
    assert '<p role="alert">Later.</p>' in text and 'id="command"' in text
    _, text, _ = await tried.get(f"{UI}7&models=damaging|articlequality")
    assert rows(text)[0] == ["7", "damaging", "TooManyRequests: Later."]
    assert rows(text)[1][2] == "articlequality 7"


async def test_who_wants_no_kept_score_gets_none_and_nobody_after(
    tried: Opened, edits: FakeServer
) -> None:
    await tried.get(f"{UI}7&models=damaging", **{"Cache-Control": "no-cache"})
    await tried.get(f"{UI}7&models=damaging")
    asked = [
        headers.get("Cache-Control")
        for (_, body), headers in zip(edits.asked, edits.headers)
        if body["rev_ids"]
    ]
    assert asked == ["no-cache", None]


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_fields_are_only_text(tried: Opened, hostile: str) -> None:
    _, plain, _ = await tried.get("/ui/?wiki=x&revids=7&models=x")
    nasty = quote(hostile, safe="")
    for query in (f"wiki={nasty}&revids=7&models={nasty}", f"wiki=enwiki&revids={nasty}"):
        status, text, _ = await tried.get(f"/ui/?{query}")
        assert status in (400, 404)
        elements = harmless(text)
        assert "script" not in elements.names
        if "models" in query:
            assert elements.names == harmless(plain).names


def entry(prediction: object, probability: dict[str, float], **more: Any) -> dict[str, Any]:
    return {"score": {"prediction": prediction, "probability": probability}, **more}


def test_a_score_is_told_in_words_and_per_cent() -> None:
    topics = {f"Topic {number}": number / 100 for number in range(64)}
    scores = {
        7: {
            "damaging": entry(True, {"false": 0.2, "true": 0.8}),
            "articletopic": entry(["Topic 63", "Topic 62"], topics),
            "drafttopic": entry([], {"Topic 1": 0.1234}),
            "gone": {"error": {"type": "TextDeleted", "message": "TextDeleted: Text deleted (x)"}},
        }
    }
    text = table(Answer("enwiki", {}, scores), False)
    assert rows(text) == [
        ["7", "damaging", "true", "true 80.0 %false 20.0 %"],
        ["7", "articletopic", "Topic 63, Topic 62", rows(text)[1][3]],
        ["7", "drafttopic", "none", "Topic 1 12.3 %"],
        ["7", "gone", "TextDeleted: Text deleted (x)"],
    ]
    told = rows(text)[1][3]
    assert told.startswith("Topic 63 63.0 %Topic 62 62.0 %") and "60 more" in told
    assert text.count("<li>") == 2 + 64 + 1 and text.count("<details>") == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_of_a_model_server_are_only_text(hostile: str) -> None:
    def written(word: str) -> str:
        features = {word: word, "list": [word]}
        told = {
            word: entry(word, {word: 0.5}, features=features),
            "several": entry([word], {}, features={}),
            "error": {"error": {"type": word, "message": word}},
        }
        return str(table(Answer(word, {}, {7: told}), True))

    elements = harmless(written(hostile))
    assert elements.names == Elements(written("x")).names
    assert "script" not in elements.names


async def test_the_paths_are_those_of_the_description(tried: Opened) -> None:
    _, text, _ = await tried.get("/v3/")
    listed = re.findall(r"<code>(/v3\S*)</code></th><td>(\w+)</td><td>(.*?)</td>", text)
    told = [
        (path, method.upper(), operations[method]["summary"])
        for path, operations in spec()["paths"].items()
        for method in ("get", "post")
        if method in operations
    ]
    assert [tuple(map(unescape, one)) for one in listed] == told and len(told) > 8


async def test_with_the_parameter_spec_the_description_is_the_front_s(tried: Opened) -> None:
    for path in ("/v3/?spec", "/v3?spec=", "/v3/spec/"):
        status, _, headers = await tried.get(path)
        assert (status, headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["/versions/", "/versions", f"{PREFIX}/versions/"])
async def test_versions_are_those_of_the_front_and_of_each_model(
    tried: Opened, articles: FakeServer, path: str
) -> None:
    from liftwing_serving import __version__

    articles.refusal = refused(503, "It loads.")
    status, text, _ = await tried.get(path)
    assert status == 200
    names = found(r'<th scope="row">(.*?)</th><td>', text)
    versions = [Elements(one).text for one in found(r"</th><td>(.*?)</td>", text)]
    assert dict(zip(names, versions)) == {
        "liftwing-serving": __version__,
        "enwiki-articlequality": "not known now",
        "enwiki-damaging": "damaging-1",
        "enwiki-goodfaith": "goodfaith-1",
    }
    at = tried.url + path
    prefix = path.removesuffix("/").rpartition("/")[0]
    for address in found(r'href="(.*?)"', text):
        assert urljoin(at, address).startswith(f"{tried.url}{prefix}/")


async def test_the_front_s_page_leads_to_the_form(tried: Opened) -> None:
    _, text, _ = await tried.get("/")
    assert text.count('<a href="ui/">') == 1

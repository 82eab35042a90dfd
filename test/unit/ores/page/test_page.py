"""What a browser gets of the page: documents, files, diffs; and that it runs nothing of others'."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest
from liftwing_serving.ores.page import columns
from liftwing_serving.ores.page.changes import Change
from liftwing_serving.ores.page.documents import Shown, front_page
from liftwing_serving.ores.page.events import Score, Told
from liftwing_serving.ores.page.rows import row
from support.elements import HOSTILE, Elements, harmless
from support.front_page import FakeDirectory, FakeStream, FakeWiki, Opened, opened


def change(title: str | None = "A page", likely: float = 0.9, **told: Any) -> Change:
    scores = (Score("damaging", "true", likely, binary=True),)
    return Change(1, Told("enwiki", 7, title=title, scores=scores, **told))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_title_user_or_comment_is_only_text(hostile: str) -> None:
    ordinary = Elements(row(change("x", user="x", comment="x"), ["damaging"]))
    label = Score("draftquality", hostile, 0.5)
    told = change(hostile, user=hostile, comment=hostile).told
    nasty = Change(1, Told(**{**_fields(told), "scores": (*told.scores, label)}))
    elements = harmless(row(nasty, ["damaging"]))
    assert elements.names == ordinary.names
    visible = hostile.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\u202e", "")
    assert elements.text.count(visible) == 3
    labelled = harmless(row(nasty, ["draftquality"]))
    assert "script" not in labelled.names and visible in labelled.text.replace("\u202e", "")


def _fields(told: Told) -> dict[str, Any]:
    return {name: getattr(told, name) for name in Told.__dataclass_fields__}


def test_people_s_text_keeps_its_direction_to_itself() -> None:
    # No element ends an isolate that a text has begun.
    assert "<bdi>a title</bdi>" in row(change("\u202ea\u2067 \u2066\u2069title\u2068"), [])
    assert "<bdi>שלום</bdi>" in row(change("שלום"), [])


@pytest.mark.parametrize(
    ("likely", "word"),
    [(0.0, "unlikely"), (0.3, "possible"), (0.5, "likely"), (0.9, "very likely")],
)
def test_a_row_tells_its_risk_in_words_beside_the_colour(likely: float, word: str) -> None:
    shown = row(change(likely=likely), ["damaging"])
    assert f'class="{word.replace(" ", "-")}"' in shown
    assert f">{word}<" in shown and f"{round(100 * likely)} %" in shown


def test_a_row_without_a_model_for_damage_is_unknown_and_passes_no_threshold() -> None:
    told = Told("enwiki", 7, scores=(Score("articlequality", "B", 0.6),))
    shown = row(Change(1, told), ["articlequality", "damaging"])
    assert 'class="unknown"' in shown and "B 60 %" in shown
    assert "hidden>" in row(Change(1, told), [], threshold=1)


def test_without_scripts_a_form_filters() -> None:
    changes = [change(likely=likely) for likely in (0.1, 0.494, 0.495, 0.9)]
    document = front_page(Shown({}, ["damaging"], changes, 50, followed=True))
    assert document.count('<tr role="row" id="change-enwiki-7"') == 4
    assert document.count('data-damage="10" hidden>') == 1
    assert document.count('data-damage="49" hidden>') == 1
    assert document.count(" hidden><td") == 2
    assert "2 of 4 changes shown." in document and 'value="50"' in document


def test_when_nothing_passes_it_is_said() -> None:
    for threshold, hidden in ((90, " hidden"), (91, "")):
        document = front_page(Shown({}, [], [change()], threshold, followed=True))
        assert f'<p id="nothing"{hidden}>' in document
    assert '<p id="nothing" hidden>' in front_page(Shown({}, [], [], 91, followed=True))


def test_the_models_that_tell_what_an_edit_does_have_columns_first() -> None:
    known = ["articlequality", "articletopic", "damaging", "draftquality", "drafttopic"]
    known += ["goodfaith", "itemquality", "itemtopic", "reverted"]
    shown = columns.chosen(known, ["zeal", *(f"a{number}" for number in range(50))])
    assert shown == sorted(set(known) - {"itemtopic"})
    assert columns.chosen([], ["revertrisk-multilingual", *map(str, range(9))])[-1][:6] == "revert"
    assert columns.chosen(["b"], ["a"]) == ["a", "b"]


def test_a_comment_is_read_as_the_wiki_shows_it() -> None:
    comment = "/* History */ see [[Special:Contributions/A b|A b]] and [[Moon]] [[]] [[x"
    shown = Elements(row(change(comment=comment), [])).text
    assert "→History: see A b and Moon [[]] [[x" in shown


async def test_the_page_lists_models_and_changes(page: Opened, stream: FakeStream) -> None:
    status, text, headers = await page.get("/?threshold=1000&x=y")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<strong>enwiki</strong>: damaging 0.5.1, goodfaith" in text
    assert 'value="100"' in text and 'data-models="damaging,goodfaith"' in text
    for threshold, used in (("-1", 0), ("x", 0), ("nan", 0), ("", 0), ("%2B50", 50), ("49.6", 50)):
        _, text, _ = await page.get(f"/?threshold={threshold}")
        field = 'name="threshold" type="number" min="0" max="100" step="1"\n'
        assert f'{field} value="{used}"' in text


async def test_without_a_stream_the_page_lists_models_and_says_so(wiki: FakeWiki) -> None:
    async with opened(None, wiki) as page:
        status, text, _ = await page.get("/")
        assert status == 200 and "SCORE_STREAM_URL" in text and "damaging 0.5.1" in text
        assert "<table" not in text and "<script" not in text
        assert (await page.get("/changes"))[0] == 404


async def test_no_script_but_the_page_s_own_may_run(page: Opened, wiki: FakeWiki) -> None:
    wiki.add(7, "text")
    for path in ("/", "/diff/enwiki/7", "/diff/enwiki/8", "/static/page.js"):
        _, text, headers = await page.get(path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        if path.startswith(("/d", "/?")):
            harmless(text)
    async with page.stream() as _:
        pass


async def test_files_are_known_by_their_etag(page: Opened) -> None:
    status, text, headers = await page.get("/static/page.css")
    assert (status, headers["Content-Type"]) == (200, "text/css; charset=utf-8") and text
    for tag in (headers["ETag"], f'W/{headers["ETag"]}', f'"other", {headers["ETag"]}', "*"):
        status, text, again = await page.get("/static/page.css", **{"If-None-Match": tag})
        assert (status, text, again["ETag"]) == (304, "", headers["ETag"])
    assert (await page.get("/static/page.css", **{"If-None-Match": '"other"'}))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../page.py",
        "/static/%2e%2e/page.py",
        "/static/",
        "/diff/enwiki/0",
        "/diff/enwiki/x",
        "/diff/..%2fx/7",
        "/diff/enwiki/" + "9" * 19,
        "/v3/scores/",
    ],
)
async def test_all_other_paths_are_the_front_s(page: Opened, path: str) -> None:
    assert (await page.get(path))[:2] == (418, "front")


async def test_the_page_has_get_and_head_and_options_is_the_front_s(page: Opened) -> None:
    for path in ("/", "/diff/enwiki/7", "/static/page.css"):
        status, _, headers = await page.get(path, "POST")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert (await page.get("/", "OPTIONS"))[0] == 418
    for path in ("/", "/changes"):
        assert (await page.get(path, "HEAD"))[:2] == (200, "")


async def test_the_prefix_of_the_front_s_paths_may_stand_before_the_page_s(page: Opened) -> None:
    status, text, _ = await page.get("/service/lw/inference/")
    assert status == 200 and 'href="static/page.css"' in text


@pytest.mark.parametrize("before", ["", "/service/lw/inference"])
@pytest.mark.parametrize(
    "path", ["/diff/enwiki/7", "/diff/enwiki/7/", "/diff/xwiki/7/", "/changes"]
)
async def test_links_lead_back_from_wherever_a_document_is(
    wiki: FakeWiki, before: str, path: str
) -> None:
    wiki.add(7, "text")
    async with opened(None, wiki) as page:
        address = f"{page.url}{before}{path}"
        _, text, _ = await page.get(before + path)
    links = [value for name, value in Elements(text).attributes if name == "href" and value]
    home = f"{page.url}{before}/"
    assert urljoin(address, links[-1]) == home
    assert urljoin(address, links[1]) == f"{home}static/page.css"


async def test_a_diff_is_a_page_of_its_own(page: Opened, wiki: FakeWiki) -> None:
    wiki.title = HOSTILE[1]
    wiki.add(6, f"same\nold {HOSTILE[0]}\nend")
    wiki.add(7, f"same\nnew {HOSTILE[0]}\nend", 6)
    status, text, _ = await page.get("/diff/enwiki/7")
    assert status == 200
    elements = harmless(text)
    assert "script" not in elements.names
    assert HOSTILE[0] in elements.text and HOSTILE[1] in elements.text
    assert "<del>old </del>" in text and "<ins>new </ins>" in text
    assert wiki.hosts[0] == "en.wikipedia.org"
    _, part, _ = await page.get("/diff/enwiki/7?part")
    assert part.startswith("<article") and "<html" not in part


@pytest.mark.parametrize(
    ("rev_id", "status", "says"),
    [
        (1, 404, "no such revision, or it was deleted"),
        (2, 200, "The text of this revision is hidden."),
        (3, 200, "The text of the revision before this one is hidden."),
        (4, 200, "The revision before this one was deleted."),
        (5, 200, "1 line added"),
    ],
)
async def test_what_cannot_be_compared_is_told(
    page: Opened, wiki: FakeWiki, rev_id: int, status: int, says: str
) -> None:
    wiki.add(2, None, 5)
    wiki.add(3, "text", 2)
    wiki.add(4, "text", 1)
    wiki.add(5, "text")
    answered, text, _ = await page.get(f"/diff/enwiki/{rev_id}")
    assert answered == status and says in text


async def test_only_wikis_of_the_tables_are_asked(page: Opened, wiki: FakeWiki) -> None:
    for name in ("evilwiki", "localhost"):
        assert (await page.get(f"/diff/{name}/7"))[0] == 404
    assert wiki.hosts == []
    wiki.add(7, "text")
    await page.get("/diff/zh_min_nanwiki/7")
    assert wiki.hosts == ["zh-min-nan.wikipedia.org"]


async def test_a_wiki_that_cannot_be_asked_is_an_error_page(page: Opened, wiki: FakeWiki) -> None:
    wiki.status = 503
    status, text, headers = await page.get("/diff/enwiki/7")
    assert status == 503 and headers["Content-Type"].startswith("text/html")
    assert "MediaWiki" in text


async def test_a_defect_is_told_without_its_details(stream: FakeStream, wiki: FakeWiki) -> None:
    class Broken(FakeDirectory):
        async def wikis(self, deadline: Any) -> Any:
            raise ValueError("secret")

    async with opened(stream, wiki, Broken()) as page:
        status, text, headers = await page.get("/", **{"X-Request-Id": "abc"})
        assert status == 500 and "secret" not in text and "abc" in text
        assert headers["X-Request-Id"] == "abc"

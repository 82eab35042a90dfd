"""From an edit to its row on the front's page, and that page in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from support.browser import Browser, require_chromium
from support.events import revision_create
from support.live_page import LivePage
from support.processes import call, wait_until

pytestmark = pytest.mark.timeout(300)

JSON = {"Content-Type": "application/json"}
ROWS = "return document.querySelectorAll('#changes tbody tr').length"
SHOWN = "return document.querySelectorAll('#changes tbody tr:not([hidden])').length"
FOCUSED = "return document.activeElement.id || document.activeElement.className"


@pytest.fixture(scope="module")
def live(
    tmp_path_factory: pytest.TempPathFactory, wiki_file: Path, model_files: dict[str, Path]
) -> Iterator[LivePage]:
    page = LivePage(tmp_path_factory.mktemp("live"), wiki_file, model_files)
    yield page
    page.close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    require_chromium()
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Browser, live: LivePage) -> Iterator[Browser]:
    """The browser at the page, with some rows; its console has nothing to complain of after."""
    chromium.open(live.url)
    chromium.until(f"{ROWS} > 2", 60)
    yield chromium
    assert chromium.complaints() == []
    chromium.open("about:blank")


def test_an_edit_becomes_a_coloured_row_with_each_model_s_score(live: LivePage) -> None:
    """The wiki is edited once somebody looks; its event in, score events out, a row."""
    told: dict[str, str] = {}
    for event in islice(live.rows(), 40):
        told[event["key"]] = event["row"]
        if re.search(r"\d %.*\d %", event["row"]):
            break
    row = told[event["key"]]
    assert re.search(r'class="(unlikely|possible|likely|very-likely)" data-damage="\d+"', row)
    wiki, rev_id = event["key"].split("-")
    score = call(f"{live.front.url}/v3/scores/{wiki}/{rev_id}/damaging").json
    probability = score[wiki]["scores"][rev_id]["damaging"]["score"]["probability"]["true"]
    assert f'data-damage="{round(100 * probability)}"' in row
    diff = call(f"{live.front.url}/diff/{wiki}/{rev_id}")
    assert diff.status == 200 and b" added, " in diff.body
    assert row in call(live.url).body.decode()


def test_nobody_follows_the_scores_but_the_front_and_it_once(live: LivePage) -> None:
    first, second = live.rows(), live.rows()
    next(first), next(second)
    assert live.followers() == {"mediawiki.revision-create": 1, "mediawiki.revision-score": 1}
    first.close()
    second.close()


def test_rows_arrive_by_themselves_and_pausing_stops_them(browser: Browser) -> None:
    before = browser.run("return document.querySelector('#changes tbody tr').id")
    browser.until(f"return document.querySelector('#changes tbody tr').id !== '{before}'")
    browser.click("#pause")
    text = "document.querySelector('#changes tbody').textContent"
    browser.run(f"window.rows = {text}")
    assert browser.run("return document.getElementById('pause').ariaPressed") == "true"
    browser.run("window.since = Date.now()")
    browser.until("return Date.now() - window.since > 2500")
    assert browser.run(f"return {text} === window.rows")
    browser.click("#pause")
    browser.until(f"return {text} !== window.rows")
    keys = browser.run("return [...document.querySelectorAll('#changes tbody tr')].map(r => r.id)")
    assert len(keys) == len(set(keys))


def test_the_filter_hides_what_is_less_likely_damaging(browser: Browser) -> None:
    browser.click("#pause")
    damages = browser.run(
        "return [...document.querySelectorAll('#changes tbody tr')].map(r => r.dataset.damage)"
    )
    most = max(int(one) for one in damages if one)
    browser.run(
        "const f = document.getElementById('threshold'); f.value = arguments[0];"
        "f.dispatchEvent(new Event('input', {bubbles: true}))",
        most,
    )
    assert browser.run(SHOWN) == sum(int(one or -1) >= most for one in damages)
    told = browser.run("return document.getElementById('count').textContent")
    assert told == f"{browser.run(SHOWN)} of {len(damages)} changes shown."
    browser.until(f"return document.getElementById('announcement').textContent === '{told}'")
    assert browser.run("return document.getElementById('slider').value") == str(most)


def test_the_keyboard_opens_a_diff_and_comes_back_from_it(browser: Browser) -> None:
    stops = []
    while "diff" not in stops:
        browser.press("Tab")
        stops.append(browser.run(FOCUSED))
    assert stops == ["threshold", "slider", "pause", "diff"]
    row = browser.run("return document.activeElement.closest('tr').id")
    browser.press("Enter")
    browser.until("return document.querySelector('dialog[open] .lines, dialog[open] .comparison')")
    title = browser.run("return document.getElementById('diff-title').textContent")
    name = "return document.getElementById(arguments[0]).querySelector('th bdi').textContent"
    assert title == browser.run(name, row)
    assert browser.run("return document.activeElement.closest('dialog') !== null")
    browser.press("Escape")
    browser.until("return !document.getElementById('dialog').open")
    assert browser.run("return document.activeElement.closest('tr').id") == row
    assert browser.run(FOCUSED) == "diff"
    browser.press("Enter")
    browser.until("return document.querySelector('dialog[open] .comparison')")
    browser.click("#close")
    assert browser.run("return document.activeElement.closest('tr').id") == row


# What the page's own script does when it is told of a change.
PUT = (
    "const [first, number] = arguments;"
    "return import('/static/table.js').then(({ put }) => {"
    "  for (let i = first; i < first + number; i++) put(`x-${i}`, `<tr id='change-x-${i}'"
    "    data-damage='1'><td><a class='diff' href='diff/enwiki/${i}'>diff</a></td></tr>`); })"
)
IN_DIALOG = "return document.querySelector('dialog[open] #diff').textContent"


def pause(browser: Browser) -> None:
    """So that nothing comes but what a test puts in."""
    browser.click("#pause")
    assert browser.run("return document.getElementById('state').textContent") == "Paused."


def test_the_table_keeps_to_fifty_rows_and_the_one_in_use(browser: Browser) -> None:
    pause(browser)
    browser.run(PUT, 1, 55)
    assert browser.run(ROWS) == 50
    browser.run("document.querySelector('#changes tbody tr:last-child a').focus()")
    row = browser.run("return document.activeElement.closest('tr').id")
    browser.run(PUT, 100, 60)
    assert browser.run(ROWS) == 51
    assert browser.run("return document.activeElement.closest('tr').id") == row
    # It does not pass any more, but somebody is there.
    browser.run("document.getElementById('threshold').value = 50")
    browser.run(PUT, 200, 1)
    assert browser.run(SHOWN) == 1 and browser.run(FOCUSED) == "diff"
    browser.run("document.activeElement.blur()")
    browser.run(PUT, 201, 1)
    assert (browser.run(ROWS), browser.run(SHOWN)) == (50, 0)
    assert browser.run("return document.getElementById('nothing').hidden") is False


def test_a_diff_s_row_stays_while_others_come_and_has_the_focus_after(browser: Browser) -> None:
    pause(browser)
    browser.run("document.querySelector('#changes a.diff').focus()")
    row = browser.run("return document.activeElement.closest('tr').id")
    browser.press("Enter")
    browser.until("return document.activeElement.id === 'diff-title'")
    assert browser.run("return document.activeElement.textContent") != "Loading"
    browser.run(PUT, 1, 120)
    browser.press("Escape")
    browser.until("return !document.getElementById('dialog').open")
    assert browser.run("return document.activeElement.closest('tr').id") == row


def test_an_answer_that_comes_late_is_not_taken_for_another_diff(browser: Browser) -> None:
    pause(browser)
    browser.run(
        "const real = window.fetch; window.late = [];"
        "window.fetch = (url) => new Promise((resolve, reject) => window.late.push("
        "  { answer: () => real(url).then(resolve), fail: () => reject(new Error('late')) }))"
    )
    here = browser.run("return location.href")
    links = "document.querySelectorAll('#changes a.diff')"
    for number in (0, 1, 2):
        browser.run(f"{links}[{number}].click()")
        if number < 2:
            browser.run("document.getElementById('close').click()")
    assert browser.run(IN_DIALOG) == "Loading"
    browser.run("window.late[0].answer(); window.late[1].fail()")
    browser.run("return new Promise((resolve) => setTimeout(resolve, 300))")
    assert browser.run(IN_DIALOG) == "Loading"
    browser.run("window.late[2].answer()")
    title = browser.run(f"return {links}[2].closest('tr').querySelector('th bdi').textContent")
    browser.until("return document.activeElement.id === 'diff-title'")
    assert browser.run("return document.activeElement.textContent") == title
    assert browser.run("return location.href") == here


def test_a_diff_that_does_not_come_is_told_and_may_be_tried_by_itself(browser: Browser) -> None:
    pause(browser)
    browser.run(
        "window.fetch = () => Promise.resolve(new Response('{\"error\": 1}', { status: 503 }))"
    )
    href = browser.run(
        "const link = document.querySelector('#changes a.diff'); link.click(); return link.href"
    )
    browser.until("return document.activeElement.id === 'diff-title'")
    assert browser.run(IN_DIALOG) == "SorryThe diff did not come. Try a page of its own."
    assert browser.run("return document.querySelector('#diff a').href") == href


def test_a_lost_connection_is_told_and_taken_up_again(browser: Browser) -> None:
    state = "return document.getElementById('state').textContent"
    browser.until(f"{state}.startsWith('Live')")
    # As if 41 seconds went by between any two looks at the clock, and nobody were there.
    browser.devtools("Network.enable")
    browser.devtools("Network.setBlockedURLs", urls=["*changes?*"])
    try:
        browser.run(
            "window.clock = Date.now; let late = 0; Date.now = () => clock() + (late += 41000)"
        )
        browser.until(f"{state} === 'The connection is lost. Trying again …'")
    finally:
        browser.devtools("Network.setBlockedURLs", urls=[])
        browser.run("Date.now = window.clock")
    browser.until(f"{state}.startsWith('Live')")


def test_the_threshold_is_in_the_address(browser: Browser, live: LivePage) -> None:
    browser.run("document.getElementById('threshold').focus()")
    browser.run("document.getElementById('threshold').select()")
    browser.press("3", "0", "0", "Tab")
    assert browser.run("return document.getElementById('threshold').value") == "100"
    assert browser.run("return location.search") == "?threshold=100"
    browser.open(f"{live.url}?threshold=100")
    assert browser.run("return document.getElementById('threshold').value") == "100"


def test_a_screen_reader_is_given_a_table_and_hears_counts_only(browser: Browser) -> None:
    tree = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in tree]
    assert roles.count("table") == 1 and roles.count("columnheader") == 8
    assert "rowheader" in roles and "status" in roles
    names = {node["name"]["value"] for node in tree if "name" in node}
    assert "The last changes, newest first" in names
    assert any(name.startswith("diff of ") for name in names)
    live = browser.run("return document.querySelectorAll('[aria-live]').length")
    assert live == 1 and browser.run(
        "return !document.querySelector('#changes').closest('[aria-live]')"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_on_a_narrow_screen_in_both_schemes(browser: Browser, scheme: str) -> None:
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    media.append({"name": "prefers-reduced-motion", "value": "reduce"})
    try:
        browser.resize(320, 700)
        browser.devtools("Emulation.setEmulatedMedia", features=media)
        assert browser.run("return document.documentElement.scrollWidth") <= 320
        assert browser.run("return document.getAnimations().length") == 0
        ground = browser.run("return getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        # Role by role, for styles that are no table's would take the table from a screen reader.
        tree = browser.devtools("Accessibility.getFullAXTree")["nodes"]
        roles = [node.get("role", {}).get("value") for node in tree]
        assert "table" in roles and "row" in roles and "cell" in roles
    finally:
        browser.devtools("Emulation.setEmulatedMedia", features=[])
        browser.resize(1200, 900)


def test_a_hostile_title_and_comment_are_only_text(browser: Browser, live: LivePage) -> None:
    hostile = "<img src=x onerror=document.title='hit'><script>document.title='hit'</script>"
    rev_id = 1000001
    event = revision_create(rev_id, "enwiki", page_title=hostile, comment=hostile)
    call(f"{live.eventgate.url}/v1/events", json.dumps(event).encode(), JSON)
    live.tell_of(event)
    browser.until(f"return document.getElementById('change-enwiki-{rev_id}')")
    text = browser.until(
        f"return document.getElementById('change-enwiki-{rev_id}').textContent.includes('onerror')"
    )
    assert text and browser.run("return document.title") == "Edits as they are scored"
    assert browser.run("return document.querySelectorAll('#changes img, td script').length") == 0


def test_without_scripts_the_list_the_filter_and_the_diffs_work(
    live: LivePage, tmp_path: Path
) -> None:
    require_chromium()
    next(live.rows())
    browser = Browser(tmp_path, scripts=False)
    try:
        browser.open(live.url)
        assert browser.run(ROWS) > 0
        assert browser.run("return document.getElementById('pause').hidden")
        browser.run("document.getElementById('threshold').value = 100")
        browser.click("#apply")
        assert browser.run("return location.search") == "?threshold=100"
        assert browser.run(SHOWN) <= browser.run(ROWS)
        assert "shown" in browser.run("return document.getElementById('count').textContent")
        browser.open(live.url)
        browser.click("a.diff")
        assert "/diff/enwiki/" in browser.run("return location.href")
        assert browser.run("return document.querySelector('.comparison h1').textContent")
        browser.click(".alone > p a")
        assert browser.run(ROWS) > 0
        assert browser.complaints() == []
    finally:
        browser.close()


def test_the_keyboard_fills_in_the_form_and_goes_on_at_the_scores(
    chromium: Browser, live: LivePage
) -> None:
    wiki, rev_id = next(live.rows())["key"].split("-")
    chromium.open(f"{live.url}ui/")
    assert chromium.run("return document.scripts.length") == 0
    while chromium.run(FOCUSED) != "revids":
        chromium.press("Tab")
    chromium.press(*rev_id, "Tab", " ", "Enter")
    chromium.until("return document.getElementById('scores')")
    assert chromium.run("return document.title") == f"Scores of {wiki}"
    row = chromium.run(
        "return [...document.querySelectorAll('#scores tbody tr:only-child > *')]"
        ".map(cell => cell.innerText)"
    )
    score = call(f"{live.front.url}/v3/scores/{wiki}/{rev_id}/damaging").json
    told = score[wiki]["scores"][rev_id]["damaging"]["score"]
    assert row[:3] == [rev_id, "damaging", json.dumps(told["prediction"])]
    for label, likely in told["probability"].items():
        assert f"{label} {100 * likely:.1f} %" in row[3]
    assert chromium.run(FOCUSED) == "answer"
    tree = chromium.devtools("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in tree if "name" in node]
    assert f"Scores of revisions of {wiki}" in names
    assert chromium.complaints() == []


def test_a_restarted_eventgate_is_followed_again(live: LivePage) -> None:
    """Last, for the numbers of its events begin anew."""
    known = {event["key"] for event in islice(live.rows(), 1)}
    known |= set(re.findall(r'id="change-([\w-]+)"', call(live.url).body.decode()))
    live.restart_eventgate()
    wait_until(lambda: len(live.followers()) == 2, 30, "the front follows again")
    assert any(event["key"] not in known for event in islice(live.rows(), 200))
